/** Overlays, loaded only where `--with` asks for them. */
export { groupOfId } from "./arm-template.ts";
export { overlaid } from "./overlay.ts";
export type { Overlaid, Overlay } from "./overlay.ts";
export { readOverlay } from "./read-overlay.ts";
export type { Laid } from "./read-overlay.ts";
