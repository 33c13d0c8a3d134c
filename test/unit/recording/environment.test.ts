import { describe, expect, it } from "vitest";
import { childEnvironment } from "../../../src/recording/environment";

const tracer = { siteDir: "/opt/wattline/tracer/site", runPath: "/w/.wattline/runs/r" };

describe("the environment of the user's command", () => {
  it("is the recorder's own when tracing is off, without what turned Electron into Node", () => {
    const env = { PATH: "/bin", ELECTRON_RUN_AS_NODE: "1", EMPTY: "" };
    expect(childEnvironment(env, undefined)).toEqual({ PATH: "/bin", EMPTY: "" });
  });

  it("puts the tracer before the user's own PYTHONPATH", () => {
    expect(childEnvironment({ PYTHONPATH: "/mine" }, tracer).PYTHONPATH).toBe("/opt/wattline/tracer/site:/mine");
    expect(childEnvironment({}, tracer).PYTHONPATH).toBe("/opt/wattline/tracer/site");
    // An empty entry would put the working directory on Python's path.
    expect(childEnvironment({ PYTHONPATH: "" }, tracer).PYTHONPATH).toBe("/opt/wattline/tracer/site");
  });

  it("says where to write and which loop the editor named", () => {
    const env = childEnvironment({}, { ...tracer, loop: { path: "/w/train.py", line: 12 } });
    expect(env).toMatchObject({ WATTLINE_TRACE_DIR: "/w/.wattline/runs/r/trace", WATTLINE_LOOP: "/w/train.py:12" });
  });

  it("of a run inside a run has nothing of the outer one", () => {
    const outer = { WATTLINE_LOOP: "/outer.py:1", WATTLINE_TRACE_DIR: "/outer/trace", WATTLINE_RUN: "/outer" };
    expect(childEnvironment(outer, undefined)).toEqual({});
    expect(childEnvironment(outer, tracer).WATTLINE_LOOP).toBeUndefined();
  });
});
