import { automation } from "./automation";
import { imports } from "./imports";
import { money } from "./money";

export const rooms: Record<string, string> = { ...imports, ...automation, ...money };
