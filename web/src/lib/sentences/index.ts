import { automation } from "./automation";
import { carteira } from "./carteira";
import { imports } from "./imports";
import { money } from "./money";
import { platform } from "./platform";

/** Machine code (docs/error_codes.md) → the sentence people read. A test compares both lists. */
export const sentences: Record<string, string> = { ...platform, ...carteira, ...imports, ...automation, ...money };
