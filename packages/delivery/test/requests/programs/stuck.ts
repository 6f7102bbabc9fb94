// Everything that works on an event is stuck, and nothing else keeps this process alive.
import { createBus, createCommands, Driver } from '../../../src/index.ts';

const never = (): Promise<never> => new Promise(() => {});

const bus = createBus<{ stuck: null }>();
bus.on('stuck', never);
void bus.publish('stuck', null);

const commands = createCommands<{ stuck: (data: null) => void }>();
commands.handle('stuck', never);
void commands.dispatch('stuck', null);

const driver = new Driver<{ stuck: (data: null) => void }>();
void driver.consumer().serve({ stuck: never });
void driver.producer().send('stuck', null);

if (process.argv[2] === 'close') {
  for (const each of [bus, commands, driver]) {
    const { undelivered } = await each.close({ signal: AbortSignal.timeout(50) });
    console.log(undelivered);
  }
}
