import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '@lockscope/storage';
import type { ResolvedOptions } from './file-options.ts';
import { noteTime } from './folder-time.ts';

/** The types of network file systems, as Linux tells them. */
const networkTypes = new Map<number, string>([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x01021997, '9p'],
  [0x47504653, 'GPFS'],
  [0x0bd00bd0, 'Lustre'],
]);

const littleSpace = 100 * 2 ** 20;
const fewFiles = 1000;
const largeOffsetMs = 60_000;

/** What a person should know of the folder. It has been opened. */
export async function examineFolder({ path, shared, clock }: ResolvedOptions): Promise<readonly Finding[]> {
  const { type, bavail, bsize, ffree, files } = await statfs(path);
  return [
    fileSystem(networkTypes.get(type), shared),
    space(bavail * bsize, files === 0 ? Infinity : ffree),
    clockOf(await noteTime(join(path, 'new')), clock.now(), shared),
  ];
}

function fileSystem(network: string | undefined, shared: boolean): Finding {
  const check = 'file-system';
  if (network !== undefined && !shared)
    return {
      level: 'problem',
      check,
      message: `the folder is on a network file system (${network}), and was opened for one machine`,
      remedy: 'Give shared: true to all that use it, or take a folder on a disk of this machine',
    };
  if (network !== undefined)
    return {
      level: 'warning',
      check,
      message: `${network}: locks hold as far as its server renames files in one step and clients do not show old lists of files`,
      remedy: 'Mount it with lookupcache=none and actimeo=0, or use a storage with a server of its own',
    };
  if (shared)
    return {
      level: 'warning',
      check,
      message: 'shared: true, but the folder is on a disk of this machine as far as the system tells',
      remedy: 'See that the disk that the machines share is mounted',
    };
  return { level: 'ok', check, message: 'a disk of this machine' };
}

function space(bytes: number, files: number): Finding {
  const check = 'free-space';
  const message = `${Math.floor(bytes / 2 ** 20)} MiB and ${files === Infinity ? 'any number of' : files} files are free`;
  if (bytes >= littleSpace && files >= fewFiles) return { level: 'ok', check, message };
  return { level: 'warning', check, message, remedy: 'Make room: without it nobody can acquire, renew or release' };
}

function clockOf(noted: number, now: number, shared: boolean): Finding {
  const check = 'file-clock';
  const offsetMs = Math.round(noted - now);
  const coarse = noted % 1000 === 0 ? ', in whole seconds as it seems' : '';
  const message = `the time of a write is ${offsetMs} ms ahead of this machine's clock${coarse}`;
  if (!shared) return { level: 'ok', check, message: `${message}; it does not count here` };
  if (Math.abs(offsetMs) < largeOffsetMs) return { level: 'ok', check, message };
  return {
    level: 'warning',
    check,
    message,
    remedy: 'Set both clocks by NTP: leases hold, but the times that people see are those of the file server',
  };
}
