/** The page's beginning: trades the token of the address for a cookie, then draws. */
import { createRoot } from "react-dom/client";
import { openSession } from "./api.ts";
import { App } from "./app.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no root.");

await openSession();
createRoot(root).render(<App />);
// The same tab may be given another address: the part after the # alone loads no page.
addEventListener("hashchange", () => void openSession());
