const soon = Promise.resolve();
const jobs: (() => void)[] = [];

/**
 * @internal For what nobody waits for: runs it in this turn of the event loop still, once those who were just answered
 * have gone on as far as they can. Nothing that comes from outside is heard before.
 */
export function afterwards(job: () => void): void {
  // A tick that a promise asks for comes when no promise has anything left to do.
  if (jobs.push(job) === 1) void soon.then(askForTick);
}

function askForTick(): void {
  process.nextTick(run);
}

function run(): void {
  try {
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      jobs.shift();
      job();
    }
  } finally {
    // After one that failed the others come all the same.
    if (jobs.length > 0) askForTick();
  }
}
