import { describeWith } from '../support/describe-with.ts';
import { etcd, nats } from './campaign/backends.ts';
import { promise } from './campaign/promise.ts';

describeWith('etcd', 'locks in etcd', () => promise(etcd));
describeWith('nats-server', 'locks in NATS', () => promise(nats));
