import { BrokerClosedError, type DeliveryError } from '@lockscope/delivery';
import { connect } from './connect.ts';
import type { Argument, RedisDriver } from './driver.ts';
import { failureOf, isNoScript } from './failure.ts';
import type { CheckedOptions } from './redis-broker-options.ts';
import type { Script } from './scripts.ts';

/** The connection that all commands go over that do not block. */
export class Session {
  readonly options: CheckedOptions;
  /** The key of the stream. */
  readonly stream: string;
  #driver: Promise<RedisDriver> | undefined;
  #closed = false;

  constructor(options: CheckedOptions) {
    this.options = options;
    this.stream = `${options.prefix}:events`;
  }

  driver(): Promise<RedisDriver> {
    if (this.#closed) return Promise.reject(new BrokerClosedError('redis'));
    this.#driver ??= connect(this.options);
    return this.#driver;
  }

  async command(...parts: readonly Argument[]): Promise<unknown> {
    const driver = await this.driver();
    return driver.command(parts, this.options.timeoutMs);
  }

  async run({ source, sha }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.command('EVALSHA', sha, ...rest);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return this.command('EVAL', source, ...rest);
    }
  }

  failure(operation: string, error: unknown): DeliveryError {
    return this.#closed ? new BrokerClosedError('redis') : failureOf(operation, error);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const driver = await this.#driver?.catch(() => undefined);
    driver?.close();
  }
}
