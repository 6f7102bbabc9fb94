export { EtcdOptionsError } from './errors.ts';
export type { EtcdStorageOptions } from './etcd-options.ts';
export { EtcdStorage } from './etcd-storage.ts';
