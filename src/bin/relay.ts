/** The relay of `linkscope exec`: runs inside a fresh namespace, gets its order on file descriptor 3. */
import { runNamespace } from "../network/index.ts";

process.exit(await runNamespace(3));
