// graphile-worker as its own benches run it: a local queue of 500, completions in batches.
// node worker.mjs fill URL JOBS | node worker.mjs work URL
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const [, , what, connectionString, jobs] = process.argv;

if (what === "fill") {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  await utils.addJobs(Array.from({ length: Number(jobs) }, (_, n) => ({ identifier: "noop", payload: { n } })));
  await utils.release();
} else {
  const preset = {
    worker: {
      connectionString,
      concurrentJobs: 24,
      maxPoolSize: 24,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      // A line for each job would cost it more than the job.
      logger: new Logger(() => () => {}),
    },
  };
  const runner = await run({ preset, taskList: { noop: async () => {} } });
  await runner.promise;
}
