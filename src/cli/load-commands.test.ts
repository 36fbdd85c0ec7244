/** Loading of commands: one alone where it is named and run often, all where they must judge the words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "./commands/index.ts";
import { loadCommands } from "./load-commands.ts";

test("a command that is run often comes alone, and is the one of the list", async () => {
  const words = ["up", "start", "agent", "exec", "agent logs", "enable metrics", "enable logs"];
  for (const name of [...words, "query metrics", "query logs"]) {
    const [loaded, ...more] = await loadCommands([...name.split(" "), "--data", "x"]);
    assert.deepEqual(more, [], name);
    assert.equal(loaded?.name, name);
    assert.ok(commands.includes(loaded), name);
  }
});

test("other words, no words and words that name nothing bring all", async () => {
  for (const words of [
    [],
    ["--help"],
    ["help", "up"],
    ["agent", "foo"],
    ["agent", "-h"],
    ["prove"],
    ["x"],
  ]) {
    assert.equal(await loadCommands(words), commands, words.join(" "));
  }
});
