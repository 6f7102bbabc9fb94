import type { Job } from '../job.ts';
import { checkout } from './checkout.ts';
import { importFeed } from './import.ts';
import { report } from './report.ts';
import { reprice } from './reprice.ts';
import { stalling } from './stalling.ts';
import { transfer } from './transfer.ts';

/** Every job by the name that its processes carry. */
export const jobs = { checkout, import: importFeed, report, reprice, stalling, transfer } satisfies Record<string, Job>;

export type JobName = keyof typeof jobs;
