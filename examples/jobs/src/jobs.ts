/** Topics and their events. */
export interface Jobs {
  readonly 'book.lend': { readonly book: string; readonly reader: string };
  readonly 'book.remind': { readonly book: string; readonly dueAt: Date };
  readonly 'book.report': { readonly books: bigint };
  readonly 'book.burn': string;
}
