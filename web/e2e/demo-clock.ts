import { execFileSync } from "node:child_process";

const script = `
import os, sys, psycopg
with psycopg.connect(os.environ["E2E_DATABASE_URL"]) as owner:
    [(was,)] = owner.execute("select extract(epoch from shift)::float from private.clock")
    owner.execute(sys.argv[1], (sys.argv[2],))
    print(was)
`;

function run(statement: string, value: string): string {
  return execFileSync("python", ["-c", script, statement, value], { encoding: "utf8" }).trim();
}

/**
 * Sets the demo's clock, which is the owner's of the database alone; the answer puts it back to where it was, and
 * takes away how people stood in the time that was not: the next one's board would find them there.
 */
export function setDemoClock(instant: string): () => void {
  const was = run("update private.clock set shift = %s::timestamptz - clock_timestamp()", instant);
  return () =>
    void run(
      `with back as (update private.clock set shift = make_interval(secs => %s::float) returning shift)
       delete from public.operator_states using back
       where operator_states.since > clock_timestamp() + back.shift`,
      was,
    );
}
