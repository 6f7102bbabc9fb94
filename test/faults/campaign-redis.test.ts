import { describeWith } from '../support/describe-with.ts';
import { forgetfulRedis, redis } from './campaign/backends.ts';
import { promise } from './campaign/promise.ts';

describeWith('redis-server', 'locks in Redis', () => {
  promise(redis);
  promise(forgetfulRedis);
});
