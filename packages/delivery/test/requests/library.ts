import { Driver, type DriverEvent, type DriverOptions } from '../../src/index.ts';

/** What the drivers of these tests are asked for. */
export interface Library {
  borrow: (title: string) => string;
  count: (n: number) => number;
  returned: (title: string) => void;
  note: (n: number) => void;
}

export function library(options?: DriverOptions): Driver<Library> {
  return new Driver<Library>(options);
}

/** The next event, whatever its name. */
export function take(driver: Driver<Library>): Promise<DriverEvent> {
  return driver.consumer().receive();
}

/** Resolves when everything that hangs on promises alone has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
