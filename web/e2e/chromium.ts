import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import chromium from "@sparticuz/chromium";

const names = ["google-chrome", "google-chrome-stable", "chromium", "chromium-browser"];

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Pages live for seconds: code is compiled when it runs, and not optimised for a long life. */
const shortLife = "--js-flags=--max-lazy --no-opt";

/** Chrome from CHROME_PATH or PATH, else the one in npm's @sparticuz/chromium, so that no system package is needed. */
export async function chromiumLaunch(): Promise<{ executablePath: string; args: string[] }> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = [
    process.env.CHROME_PATH ?? "",
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
  ];
  const found = candidates.find((path) => path !== "" && executable(path));
  // Root (a container) cannot use Chrome's sandbox; the pages under test are our own.
  if (found) return { executablePath: found, args: ["--no-sandbox", "--disable-dev-shm-usage", shortLife] };
  chromium.setGraphicsMode = false;
  return {
    executablePath: await chromium.executablePath(),
    args: ["--no-sandbox", "--no-zygote", "--disable-dev-shm-usage", "--disable-gpu", shortLife],
  };
}
