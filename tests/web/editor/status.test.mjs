import assert from "node:assert/strict";
import test from "node:test";
import { Session } from "../../../web/editor/session.mjs";
import { hint, status } from "../../../web/editor/status.mjs";

const shown = (label) => ({ image: {}, width: 40, height: 30, label });

test("a result is shown if there is one, and while every change is run only that of the points as they are", () => {
  const session = new Session();
  session.ui.showing = "result";
  assert.equal(session.showing, "preview");
  session.setResult(shown("last result"));
  assert.equal(session.showing, "result");
  session.setResults({ options: [], chosen: "" }, "points");
  assert.equal(session.showing, "result");
  session.ui.runOnRelease = true;
  assert.equal(session.showing, "preview");
  session.setResults({ options: [], chosen: "" }, "");
  assert.equal(session.showing, "result");
  session.ui.showing = "original";
  assert.equal(session.showing, "original");
});

test("while the hand pulls, no result lies under it", () => {
  const session = new Session();
  session.setPicture(shown("cat.png"));
  session.setResult(shown("last result"));
  session.ui.showing = "result";
  const layers = (hand) => session.layers({ pulling: false, pressed: false, stroke: undefined, ...hand }).map(({ image }) => image);
  assert.deepEqual(layers({}), [session.result.image]);
  assert.deepEqual(layers({ pulling: true }), [session.picture.image]);
  assert.deepEqual(layers({ pressed: true }), [session.picture.image]);
});

test("what has to be known before anything that is drawn counts", () => {
  const session = new Session();
  const said = (uploads = false) => hint(session, uploads);
  assert.deepEqual(said(true), { text: "Drop or paste a picture here, or connect an IMAGE.", choose: true });
  assert.deepEqual(said(), { text: "The connected picture is known after a run.", run: true });
  session.setPicture(shown("cat.png"));
  assert.equal(said(), null);
  session.setOutdated(true);
  assert.deepEqual(said(), { text: "What is connected has changed: this is an older picture.", run: true });
  session.setOutdated(false);
  session.ui.showing = "result";
  assert.equal(said(), null);
  session.setResults({ options: [{ id: "2", name: "Save Image #2" }], chosen: "" }, "");
  assert.deepEqual(said(), { text: "There is no result yet: this is the preview." });
  session.setResult(shown("last result"));
  session.setResults({ options: [], chosen: "" }, "picture");
  assert.deepEqual(said(), { text: "This result is of another picture." });
  assert.match(status(session), /^last result \(of another picture\), 40 × 30/);
  session.setSurroundings(null, "bypassed");
  assert.match(said().text, /bypassed/);
  session.setSurroundings(null, "ends");
  assert.match(status(session), /nothing is connected behind this node, but it runs with every queue$/);
});
