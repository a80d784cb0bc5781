import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sessionLimits, UnknownTokens } from "./unknown-tokens.ts";

const limits = { perAddress: 3, trickle: 60_000, window: 60_000, memory: 60_000, countsAgain: true };
const from = "192.0.2.1";
const heldUp = { code: "too-many-refusals", status: 429 };

/** A database in which only tokens that begin with `good` are, and how often it was asked. */
function database() {
  const asked: string[] = [];
  const look = (token: string) => async () => {
    asked.push(token);
    return token.startsWith("good") ? token : null;
  };
  return { asked, look };
}

test("made-up tokens of one address cost a few looks at the database, then none, and say how long to wait", async () => {
  const { asked, look } = database();
  const tokens = new UnknownTokens(limits);
  for (let number = 0; number < 3; number += 1) {
    assert.equal(await tokens.lookUp(`bad ${number}`, from, look(`bad ${number}`)), null);
  }
  for (let number = 3; number < 9; number += 1) {
    await assert.rejects(
      tokens.lookUp(`bad ${number}`, from, look(`bad ${number}`)),
      (error: { retryAfter?: number }) => {
        assert.ok(error.retryAfter !== undefined && error.retryAfter >= 1 && error.retryAfter <= 60);
        return true;
      },
    );
  }
  assert.equal(asked.length, 3);
  assert.equal(await tokens.lookUp("bad", "192.0.2.2", look("bad")), null);
});

test("made-up tokens that come all at once cost no more looks than those that come one after another", async () => {
  const { asked, look } = database();
  const tokens = new UnknownTokens(limits);
  const all = Array.from({ length: 50 }, (_, number) => tokens.lookUp(`bad ${number}`, from, look(`bad ${number}`)));
  const answers = await Promise.allSettled(all);
  assert.equal(answers.filter(({ status }) => status === "rejected").length, 47);
  assert.equal(asked.length, 3);
});

test("of an address that is held up one token is looked up now and then, so that good ones come in after a restart", async () => {
  const { asked, look } = database();
  const tokens = new UnknownTokens({ ...limits, trickle: 50 });
  const all = Array.from({ length: 5 }, (_, number) => tokens.lookUp(`bad ${number}`, from, look(`bad ${number}`)));
  await Promise.allSettled(all);
  assert.equal(asked.length, 3);
  await sleep(60);
  const [first, second] = await Promise.allSettled(
    ["good", "good 2"].map((good) => tokens.lookUp(good, from, look(good))),
  );
  assert.deepEqual(first, { status: "fulfilled", value: "good" });
  assert.equal(second?.status, "rejected");
});

test("the same wrong token is looked up once within a moment, and anew when something has changed", async () => {
  const { asked, look } = database();
  const tokens = new UnknownTokens({ ...limits, perAddress: 9 });
  for (let number = 0; number < 4; number += 1) await tokens.lookUp("bad", from, look("bad"));
  assert.equal(asked.length, 1);
  tokens.forget();
  await tokens.lookUp("bad", from, look("bad"));
  assert.equal(asked.length, 2);
});

test("an answer that was asked for before a change is not believed after it", async () => {
  const tokens = new UnknownTokens(limits);
  const answer = Promise.withResolvers<null>();
  const looking = tokens.lookUp("late", from, () => answer.promise);
  tokens.forget();
  answer.resolve(null);
  assert.equal(await looking, null);
  assert.equal(await tokens.lookUp("late", from, async () => "good by now"), "good by now");
});

test("a token that was good here before never waits for the wrong ones of its address", async () => {
  const { look } = database();
  const tokens = new UnknownTokens(limits);
  assert.equal(await tokens.lookUp("good", from, look("good")), "good");
  for (let number = 0; number < 3; number += 1) await tokens.lookUp(`bad ${number}`, from, look("bad"));
  assert.equal(await tokens.lookUp("good", from, look("good")), "good");
  await assert.rejects(tokens.lookUp("good, and new", from, look("good, and new")), heldUp);
  tokens.noteGood("good, and new");
  assert.equal(await tokens.lookUp("good, and new", from, look("good, and new")), "good, and new");
});

test("addresses of IPv6 wait together by their network, and no longer than a window", async () => {
  const { look } = database();
  const tokens = new UnknownTokens({ ...limits, window: 30 });
  for (let number = 0; number < 3; number += 1) {
    await tokens.lookUp(`bad ${number}`, `2001:db8::${number + 1}`, look("bad"));
  }
  await assert.rejects(tokens.lookUp("bad 4", "2001:db8::ffff", look("bad 4")), heldUp);
  await sleep(40);
  assert.equal(await tokens.lookUp("bad 4", "2001:db8::ffff", look("bad 4")), null);
});

test("a browser that keeps the secret of a session that is over holds nobody up", async () => {
  const { asked, look } = database();
  const secrets = new UnknownTokens(sessionLimits);
  for (let number = 0; number < 500; number += 1) assert.equal(await secrets.lookUp("over", from, look("over")), null);
  assert.equal(asked.length, 1);
  assert.equal(await secrets.lookUp("good", from, look("good")), "good");
});
