import { automation } from "./automation";
import { dialer } from "./dialer";
import { imports } from "./imports";
import { messages } from "./messages";
import { money } from "./money";
import { panel } from "./panel";
import { people } from "./people";
import { settings } from "./settings";

export const rooms: Record<string, string> = {
  ...imports,
  ...automation,
  ...dialer,
  ...messages,
  ...money,
  ...panel,
  ...people,
  ...settings,
};
