/** A small agent of a test, run inside a network: takes the managed identity's token there and asks one URL with it. */
import { argv, stdout } from "node:process";

const resource = "https://monitor.azure.com/";
const identity = await fetch(
  `http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${resource}`,
  { headers: { Metadata: "true" } },
);
const { access_token: token } = (await identity.json()) as { access_token: string };
const answer = await fetch(argv[2] ?? "", {
  headers: { authorization: `Bearer ${token}` },
  redirect: "manual",
});
stdout.write(
  JSON.stringify({
    status: String(answer.status),
    endpoint: answer.headers.get("x-ms-agent-config-endpoint") ?? "",
    body: await answer.text(),
  }),
);
