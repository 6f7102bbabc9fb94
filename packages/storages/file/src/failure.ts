const words: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist: make it, or mount what it is on',
  ENOTDIR: 'is not a folder',
  EACCES: 'may not be read or written by this process: look at its owner and mode',
  EPERM: 'may not be written by this process: look at its owner, mode and flags',
  EROFS: 'is on a file system that is mounted read-only',
  ENOSPC: 'is on a disk that is full',
  EDQUOT: 'is on a disk whose quota is used up',
  EMFILE: 'cannot be opened: this process has too many open files',
  ENFILE: 'cannot be opened: this machine has too many open files',
  EIO: 'is on a disk that fails',
  ESTALE: 'was removed or replaced on its server',
};

/** The code of what a file operation threw; empty when it is something else. */
export function codeOf(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** What went wrong with the folder, in words. */
export function describeFailure(error: unknown, folder: string): string {
  const text = words[codeOf(error)];
  if (text !== undefined) return `${folder} ${text}`;
  return `${folder}: ${error instanceof Error ? error.message : String(error)}`;
}
