import { InvalidOptionsError } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import {
  CommandsClosedError,
  createCommands,
  createMessage,
  DuplicateHandlerError,
  NoHandlerError,
} from '../../src/index.ts';

interface Commands {
  'payment.make': (order: { amount: number }) => { paymentId: string };
  'payment.cancel': (id: string) => void;
  'report.make': () => number;
}

describe('a command dispatcher', () => {
  it('row 97: takes a command to its handler and gives what that gives', async () => {
    const commands = createCommands<Commands>({ source: 'payments' });
    const seen = vi.fn();
    commands.handle('payment.make', async (message) => {
      seen(message);
      return { paymentId: `p-${message.data.amount}` };
    });
    expect(await commands.dispatch('payment.make', { amount: 10 })).toEqual({ paymentId: 'p-10' });
    const message = createMessage('payment.make', { amount: 20 }, { source: 'orders' });
    expect(await commands.dispatch(message)).toEqual({ paymentId: 'p-20' });
    expect(seen.mock.calls).toMatchObject([[{ source: 'payments', data: { amount: 10 } }], [message]]);
    expect(seen.mock.calls[1]?.[0]).toBe(message);
    expect(commands.stats).toEqual({ dispatched: 2, failed: 0, running: 0 });
  });

  it('row 97: without a handler says so in the words of the original', async () => {
    const commands = createCommands<Commands>();
    const error: unknown = await commands.dispatch('payment.make', { amount: 1 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NoHandlerError);
    expect(error).toMatchObject({
      message: 'The command bus does not have a handler for commands of type: payment.make',
      code: 'NO_HANDLER',
      type: 'payment.make',
    });
    expect(commands.stats.failed).toBe(1);
  });

  it('row 97: with a second handler says so in the words of the original, and the first stays', async () => {
    const commands = createCommands<Commands>();
    commands.handle('payment.make', () => ({ paymentId: 'first' }));
    const second = (): undefined => undefined;
    expect(() => commands.handle(['payment.cancel', 'payment.make'], second as never)).toThrow(
      expect.objectContaining({
        message: 'Duplicate command handler registration with command bus for command of type: payment.make',
        code: 'DUPLICATE_HANDLER',
        type: 'payment.make',
      }),
    );
    expect(() => commands.handle('payment.make', second as never)).toThrow(DuplicateHandlerError);
    expect(await commands.dispatch('payment.make', { amount: 1 })).toEqual({ paymentId: 'first' });
    await expect(commands.dispatch('payment.cancel', '1'), 'nothing of the second is there').rejects.toThrow(
      NoHandlerError,
    );
  });

  it('row 97: gives the error of the handler as it is, thrown or rejected', async () => {
    const thrown = new Error('thrown');
    const commands = createCommands<Commands>();
    commands.handle('payment.make', () => {
      throw thrown;
    });
    commands.handle('payment.cancel', () => Promise.reject(thrown));
    await expect(commands.dispatch('payment.make', { amount: 1 })).rejects.toBe(thrown);
    await expect(commands.dispatch('payment.cancel', '1')).rejects.toBe(thrown);
    expect(commands.stats).toMatchObject({ dispatched: 2, failed: 2 });
  });

  it('row 97: has one handler for several commands', async () => {
    const commands = createCommands<Record<string, (n: number) => string>>();
    commands.handle(['a', 'b'], ({ type, data }) => `${type}${data}`);
    expect(await Promise.all([commands.dispatch('a', 1), commands.dispatch('b', 2)])).toEqual(['a1', 'b2']);
  });

  it('has room for another handler when one has left', async () => {
    const commands = createCommands<Commands>();
    const leave = commands.handle('report.make', () => 1);
    leave();
    commands.handle('report.make', () => 2);
    leave();
    expect(await commands.dispatch('report.make', undefined)).toBe(2);
  });

  it('calls the handler at once', () => {
    const commands = createCommands<Commands>();
    const handler = vi.fn(() => 1);
    commands.handle('report.make', handler);
    void commands.dispatch('report.make', undefined);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('that is closed refuses everything; who waits for what it gives up is told', async () => {
    const commands = createCommands<Commands>();
    const told = vi.fn();
    commands.handle('report.make', (_message, { signal }) => {
      signal.addEventListener('abort', told);
      return new Promise(() => {});
    });
    const waiting = commands.dispatch('report.make', undefined).catch((error: unknown) => error);
    expect(await commands.close({ signal: AbortSignal.abort() })).toEqual({ undelivered: 1 });
    expect(await waiting).toBeInstanceOf(CommandsClosedError);
    expect(told).toHaveBeenCalledTimes(1);
    await expect(commands.dispatch('report.make', undefined)).rejects.toThrow(CommandsClosedError);
    expect(() => commands.handle('payment.cancel', () => {})).toThrow(CommandsClosedError);
  });

  it('refuses a source that cannot be one', () => {
    expect(() => createCommands({ source: '' })).toThrow(InvalidOptionsError);
  });
});
