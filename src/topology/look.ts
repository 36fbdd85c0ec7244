/** How it looks: colours for light and dark, and a glyph for each kind of box. Shared by the page and the files. */
import type { Tone } from "./drawing.ts";
import type { NodeKind } from "./topology.ts";

export interface Palette {
  readonly canvas: string;
  readonly frame: string;
  readonly frameLine: string;
  readonly box: string;
  readonly boxLine: string;
  readonly text: string;
  readonly quiet: string;
  readonly alarm: string;
  readonly tones: Readonly<Record<Tone, string>>;
  readonly kinds: Readonly<Record<NodeKind, string>>;
}

export const light: Palette = {
  canvas: "#f6f8fb",
  frame: "#ffffff",
  frameLine: "#b9c6d8",
  box: "#ffffff",
  boxLine: "#d3dce8",
  text: "#17202e",
  quiet: "#586579",
  alarm: "#c62f3b",
  tones: {
    private: "#17854c",
    both: "#9a6a00",
    public: "#c2570c",
    closed: "#6b7788",
    broken: "#c62f3b",
    unknown: "#7a5cc0",
    tie: "#b3bfce",
  },
  kinds: {
    network: "#3b76c4",
    cluster: "#3867d6",
    endpoint: "#17854c",
    zones: "#0f7f92",
    scope: "#7a4fc4",
    dce: "#b3541e",
    workspace: "#a8327c",
    "log-workspace": "#8c3f9e",
    firewall: "#c0392b",
    gateway: "#52677f",
    resolver: "#0f7f92",
    "on-premises": "#8a6d1f",
    outside: "#6b7788",
  },
};

export const dark: Palette = {
  canvas: "#0c1118",
  frame: "#111925",
  frameLine: "#33445c",
  box: "#172130",
  boxLine: "#2c3b50",
  text: "#e6edf6",
  quiet: "#93a2b8",
  alarm: "#ff6b74",
  tones: {
    private: "#3ecb83",
    both: "#e2b341",
    public: "#ff9147",
    closed: "#8b98ab",
    broken: "#ff6b74",
    unknown: "#b49af5",
    tie: "#3d4d64",
  },
  kinds: {
    network: "#6aa5f0",
    cluster: "#7c9dff",
    endpoint: "#3ecb83",
    zones: "#45c3d6",
    scope: "#b493f5",
    dce: "#f0965a",
    workspace: "#ee7fc4",
    "log-workspace": "#d58be6",
    firewall: "#ff8577",
    gateway: "#a3b6cc",
    resolver: "#45c3d6",
    "on-premises": "#d8bd6a",
    outside: "#93a2b8",
  },
};

/** Glyphs on a field of 24 by 24, drawn with a line of 1.7. */
export const glyphs: Readonly<Record<NodeKind, string>> = {
  network: "M12 4v5M12 9H6v4M12 9h6v4M9.5 4h5M3.5 13h5v5h-5zM15.5 13h5v5h-5z",
  cluster: "M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9zM12 8.2l3.4 2v3.7l-3.4 2-3.4-2v-3.7z",
  endpoint: "M3 12h7M10 7.5v9M10 9h3a3 3 0 0 1 0 6h-3M16 12h5",
  zones:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3.5 9.5h17M3.5 14.5h17M12 3c-5 5.5-5 12.5 0 18c5-5.5 5-12.5 0-18",
  scope: "M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5c-4.5-1.7-7.5-5-7.5-9.5V6zM8.8 12l2.3 2.3 4.3-4.6",
  dce: "M4 4.5h16l-6 7.5v7l-4-2v-5z",
  workspace: "M4 20V4M4 20h16M8 16.5v-4M12 16.5V8M16 16.5v-6M20 16.5v-10",
  "log-workspace": "M4 4.5h16M4 9.5h10M4 14.5h16M4 19.5h7M18 9.5h2M15 19.5h5",
  firewall:
    "M3.5 5h17v14h-17zM3.5 9.7h17M3.5 14.3h17M9 5v4.7M15 5v4.7M12 9.7v4.6M9 14.3V19M15 14.3V19",
  gateway: "M12 3l8.5 8.5L12 20l-8.5-8.5zM8 11.5h8M13.5 9l2.5 2.5-2.5 2.5",
  resolver: "M4 5h16v11h-9l-4 4v-4H4zM8.5 10.5h.01M12 10.5h.01M15.5 10.5h.01",
  "on-premises":
    "M4 20V8l6-4v16M10 20V9h10v11M3 20h18M13.5 12.5h3M13.5 16h3M7 9.5v.01M7 13v.01M7 16.5v.01",
  outside: "M7 18.5h10a4 4 0 0 0 .6-7.95 6 6 0 0 0-11.4-1.3A4.7 4.7 0 0 0 7 18.5z",
};
