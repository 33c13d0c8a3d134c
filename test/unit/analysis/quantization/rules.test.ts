import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  accuracyRows,
  asyncSpeedup,
  llamaCppTokensPerS,
  nearestSize,
  reasoningRows,
  recoveryOf,
  syncCost,
} from "../../../../src/analysis/quantization/evidence";
import { runsOn } from "../../../../src/analysis/quantization/hardware";
import { decide } from "../../../../src/analysis/quantization/rules/index";
import type { Format, ModelFacts, QuantDevice, QuantRequest } from "../../../../src/model/quantization";
import { capability, cpu, gpu, llama, request, sized } from "./models";

const table = (name: string) => {
  const [head, ...rows] = readFileSync(`test/fixtures/checkpoints/reference/${name}.csv`, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head!.map((column, i) => [column, row[i]!])));
};

function ask(
  facts: ModelFacts,
  device: QuantDevice | undefined,
  over: Partial<QuantRequest> = {},
  fits: (format: Format) => boolean | undefined = () => true,
) {
  const decision = decide({ facts, device, request: request(over), fits, fitText: () => "1 of 2 GB" });
  const rule = (id: string) => decision.rules.find((answer) => answer.id === id)!;
  return { ...decision, rule };
}
const server = (batch: number, over: Partial<QuantRequest> = {}): Partial<QuantRequest> => ({
  mode: "async",
  batch,
  ...over,
});

describe("the rules", () => {
  it("are all answered, each with a reason, and one decides", () => {
    for (const device of [undefined, cpu, gpu("H100"), gpu("T4"), gpu("B200"), capability(6), gpu("MI300X")]) {
      const { rules, decidedBy } = ask(llama("8B"), device);
      expect(rules.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, i) => `R${i}`));
      expect(rules.every(({ reason }) => reason.endsWith("."))).toBe(true);
      expect(rules.filter(({ decides }) => decides).map(({ id }) => id)).toEqual(
        decidedBy === "none" ? [] : [decidedBy],
      );
    }
  });

  it("R0 says whether 16 bit fits", () => {
    expect(ask(llama("8B"), gpu("H100")).rule("R0")).toMatchObject({
      fired: true,
      reason: expect.stringMatching(/it fits/),
    });
    expect(ask(llama("70B"), gpu("H100"), {}, (format) => format !== "bf16").rule("R0").reason).toMatch(/does not fit/);
    expect(ask(llama("8B"), undefined).rule("R0").fired).toBe(false);
  });

  it("R1: up to and with 2B parameters 8 bit, FP8 from 8.9 on, else INT8", () => {
    expect(ask(sized(2e9), capability(8.9))).toMatchObject({ decidedBy: "R1", format: "fp8-e4m3" });
    expect(ask(sized(2e9), capability(8.8))).toMatchObject({ decidedBy: "R1", format: "int8-channel" });
    expect(ask(sized(2e9 + 1), capability(8.9)).decidedBy).toBe("R2");
  });

  it("R1: a small reasoning model is one below 7B", () => {
    const reasoning = { name: "DeepSeek-R1-Distill-Qwen-3B" };
    expect(ask(sized(3e9, reasoning), capability(9)).decidedBy).toBe("R1");
    expect(ask(sized(7e9, reasoning), capability(9)).decidedBy).toBe("R2");
    expect(ask(sized(3e9, { name: "Llama-3.2-3B" }), capability(9)).decidedBy).toBe("R2");
  });

  it("R1: INT4 where memory forces it", () => {
    const forced = ask(sized(1.5e9), capability(9), {}, (format) => format === "int4-g128");
    expect(forced).toMatchObject({ decidedBy: "R1", format: "int4-g128" });
    expect(forced.reason).toMatch(/does not fit/);
  });

  it("R1 quotes the 1.5B distill", () => {
    expect(ask(sized(1e9), capability(9)).rule("R1").effect).toBe(
      "R1-Distill-Qwen-1.5B kept 100.3 % (FP8), 96.9 % (INT8), 93.5 % (INT4)",
    );
  });

  it("R2: one stream or batch up to 4, from 7.5 on", () => {
    expect(ask(llama("8B"), capability(7.5))).toMatchObject({ decidedBy: "R2", format: "int4-g128" });
    expect(ask(llama("8B"), capability(7.5)).rule("R2").reason).toMatch(/better from 8\.0/);
    expect(ask(llama("8B"), capability(8)).rule("R2").reason).not.toMatch(/better from/);
    expect(ask(llama("8B"), capability(7.4)).decidedBy).toBe("R8");
    expect(ask(llama("8B"), capability(9), server(4)).decidedBy).toBe("R2");
    expect(ask(llama("8B"), capability(9), server(5)).decidedBy).toBe("R5");
    expect(ask(llama("8B"), capability(9), { mode: "sync", batch: 100 }).decidedBy).toBe("R2");
  });

  it.each([
    ["8B", "98.72 % (leaderboard V1) and 96.1 % (V2)", "/ 2.4 on A6000"],
    ["70B", "99.53 % (leaderboard V1) and 97.4 % (V2)", "/ 3.0 on A6000, / 2.7 on A100, / 2.1 on H100"],
    ["405B", "99.98 % (leaderboard V1) and 98.9 % (V2)", "/ 6.4 on A100, / 5.2 on H100"],
  ] as const)("R2 quotes the cells of %s", (size, recovery, cost) => {
    const { effect } = ask(llama(size), capability(9)).rule("R2");
    expect(effect).toContain(recovery);
    expect(effect).toContain(cost.replace("/ 5.2", "/ 5.2"));
    expect(effect).toContain("Energy was not measured");
  });

  it.each([
    [5, "R5", "int4-g128"],
    [16, "R5", "int4-g128"],
    [17, "R4", "fp8-e4m3"],
    [63, "R4", "fp8-e4m3"],
    [64, "R3", "fp8-e4m3"],
    [1000, "R3", "fp8-e4m3"],
  ] as const)("R3 to R5: a server with batch %i is %s's", (batch, id, format) => {
    const { decidedBy, format: chosen, rules } = ask(llama("8B"), capability(8.9), server(batch));
    expect([decidedBy, chosen]).toEqual([id, format]);
    expect(
      rules.filter(({ id: other, fired }) => fired && ["R3", "R4", "R5"].includes(other)).map((rule) => rule.id),
    ).toEqual([id]);
  });

  it("R3, R4 and R5 quote throughput and energy", () => {
    expect(ask(llama("70B"), capability(9), server(64)).rule("R3").effect).toBe(
      "queries a second × 1.77 (4xH100), × 3.04 (16xH100); energy a token -11 % at the median (-29 to 0); Llama-3.1-70B kept 99.72 % (leaderboard V1) and 100 % (V2)",
    );
    expect(ask(llama("8B"), capability(9), server(32)).rule("R4").effect).toContain(
      "latency -12 %, energy +1 % at the median",
    );
    expect(ask(llama("8B"), capability(9), server(8)).rule("R5")).toMatchObject({
      reason: expect.stringContaining("0 of 7"),
      effect: "FP8 energy +30 % at the median (+13 to +56), a small sample",
    });
  });

  it("R6: a server from 7.5 to 8.8 takes INT8, with SmoothQuant at about 70B", () => {
    for (const least of [7.5, 8, 8.6, 8.8])
      expect(ask(llama("8B"), capability(least), server(64))).toMatchObject({
        decidedBy: "R6",
        format: "int8-channel",
      });
    expect(ask(llama("8B"), capability(8.9), server(64)).decidedBy).toBe("R3");
    expect(ask(llama("70B"), capability(8), server(64)).recipe).toMatch(/SmoothQuant/);
    expect(ask(llama("8B"), capability(8), server(64)).recipe).not.toMatch(/SmoothQuant/);
    expect(ask(llama("405B"), capability(8), server(64)).recipe).not.toMatch(/SmoothQuant/);
    expect(ask(llama("8B"), capability(8), server(64)).rule("R6").effect).toContain("× 1.38 (1xA6000)");
    expect(ask(llama("70B"), capability(8), server(64)).rule("R6").effect).toContain(
      "× 1.91 (4xA6000), × 1.87 (4xA100)",
    );
    expect(ask(llama("405B"), capability(8), server(64)).rule("R6").effect).toContain("× 2.53 (16xA100)");
  });

  it("R7: a server under a tight latency bound takes W4A16", () => {
    for (const least of [7.5, 8, 9])
      expect(ask(llama("8B"), capability(least), server(64, { latencyBound: true }))).toMatchObject({
        decidedBy: "R7",
        format: "int4-g128",
      });
    expect(ask(llama("8B"), capability(9), server(4, { latencyBound: true })).decidedBy).toBe("R2");
    expect(ask(sized(1e9), capability(9), server(64, { latencyBound: true })).decidedBy).toBe("R1");
  });

  it("R8: below 7.5, on a processor and on Apple GGUF, and small models at 8 bits", () => {
    expect(ask(llama("8B"), capability(7.0))).toMatchObject({ decidedBy: "R8", format: "q4_k_m" });
    expect(ask(llama("8B"), capability(7.0)).rule("R8").reason).toMatch(/bitsandbytes/);
    expect(ask(llama("8B"), capability(5.2)).rule("R8").reason).not.toMatch(/bitsandbytes/);
    expect(ask(llama("8B"), cpu)).toMatchObject({ decidedBy: "R8", format: "q4_k_m" });
    expect(ask(llama("8B"), { ...cpu, kind: "apple", vendor: "apple" })).toMatchObject({ decidedBy: "R8" });
    expect(ask(sized(1e9), cpu)).toMatchObject({ decidedBy: "R8", format: "q8_0" });
    expect(ask(llama("8B"), cpu).rule("R8").effect).toBe("8B decodes × 2.47 with Q4_K_M, × 1.75 with Q8_0, of F16");
  });

  it("R9: from 10.0 on FP8, and NVFP4 where memory is the limit", () => {
    expect(ask(llama("70B"), capability(10))).toMatchObject({ decidedBy: "R9", format: "fp8-e4m3" });
    expect(ask(llama("70B"), capability(9.9)).decidedBy).toBe("R2");
    expect(ask(llama("405B"), gpu("B200"), {}, (format) => format === "nvfp4")).toMatchObject({
      decidedBy: "R9",
      format: "nvfp4",
    });
    expect(ask(llama("70B"), capability(10)).rule("R9").effect).toMatch(
      /1\.17 and × 1\.11 with FP8, × 1\.74 and × 1\.06 with NVFP4; .*\+1\.2 % with FP8, \+15 %/,
    );
  });

  it("R10: below 4 bits only with training, and another format is proposed meanwhile", () => {
    const asked = ask(llama("8B"), capability(9), { belowFourBit: true });
    expect(asked.rule("R10")).toMatchObject({
      fired: true,
      effect: expect.stringContaining("62.1 BF16, 61.0 at 2 bits, 58.5 ternary"),
    });
    expect(asked).toMatchObject({ decidedBy: "R2", format: "int4-g128" });
    expect(ask(llama("8B"), capability(9)).rule("R10").fired).toBe(false);
  });

  it("R11: prompts of 65,536 tokens or another language take 8 bits", () => {
    expect(ask(llama("8B"), capability(9), { contextTokens: 65_535 }).decidedBy).toBe("R2");
    expect(ask(llama("8B"), capability(9), { contextTokens: 65_536 })).toMatchObject({
      decidedBy: "R11",
      format: "fp8-e4m3",
    });
    expect(ask(llama("8B"), capability(8), { language: "de" })).toMatchObject({
      decidedBy: "R11",
      format: "int8-channel",
    });
    for (const language of ["en", "EN", "en-US", "en_GB", "eng"])
      expect(ask(llama("8B"), capability(9), { language }).decidedBy).toBe("R2");
    expect(ask(llama("8B"), cpu, { language: "fr" })).toMatchObject({ decidedBy: "R11", format: "q8_0" });
    expect(ask(llama("8B"), capability(9), { language: "zh" }).rule("R11")).toMatchObject({
      reason: expect.stringMatching(/0\.8 %.*59 %/),
      effect: expect.stringContaining("FP8 KV cache"),
    });
    expect(ask(llama("8B"), capability(8), { language: "zh" }).rule("R11").effect).toBeUndefined();
  });

  it("a rule that comes later says which came before", () => {
    expect(ask(sized(1e9), capability(9)).rule("R2")).toMatchObject({
      fired: false,
      reason: expect.stringMatching(/^Would hold, and R1 comes before/),
    });
  });

  it("nothing is claimed for a device that nobody measured", () => {
    const amd = ask(llama("8B"), gpu("MI300X"));
    expect(amd).toMatchObject({ decidedBy: "none", format: "bf16" });
    expect(ask(llama("405B"), gpu("MI300X"), {}, (format) => format === "q4_k_m").format).toBe("q4_k_m");
  });

  it("never offer a format that the device has no kernel for", () => {
    for (const least of [5, 6, 7, 7.5, 8, 8.6, 8.9, 9, 10, 12]) {
      for (const over of [
        {},
        server(8),
        server(32),
        server(200),
        server(64, { latencyBound: true }),
        { language: "de" },
      ]) {
        for (const facts of [sized(1e9), llama("8B"), llama("405B")]) {
          for (const fits of [
            () => true,
            (format: Format) => format !== "bf16" && format !== "fp8-e4m3",
            () => false,
          ]) {
            const { format } = ask(facts, capability(least), over, fits);
            expect(runsOn(format, capability(least)).known, `${format} on ${least}`).toBe(true);
          }
        }
      }
    }
  });
});

describe("hardware minima", () => {
  it.each([
    ["int4-g128", 7.5],
    ["int8-channel", 7.5],
    ["fp8-e4m3", 8.9],
    ["nvfp4", 10],
    ["mxfp4", 10],
    ["bf16", 8],
    ["nf4", 6],
  ] as const)("%s runs from %d on and not below", (format, least) => {
    expect(runsOn(format, capability(least)).known).toBe(true);
    expect(runsOn(format, capability(least - 0.1)).known).toBe(false);
  });

  it("INT8 with INT8 activations ends with Hopper", () => {
    expect(runsOn("int8-channel", capability(9)).known).toBe(true);
    expect(runsOn("int8-channel", capability(10)).known).toBe(false);
  });
});

describe("the evidence", () => {
  it("is that of the published tables", () => {
    for (const row of table("bf16_paper_accuracy")) {
      if (row.format === "BF16") continue;
      const own = accuracyRows.find(({ size }) => `${size}B` === row.size)!.recovery[row.format as "W8A8-FP"];
      expect(own).toEqual([Number(row.lb_v1_recovery_pct), Number(row.lb_v2_recovery_pct)]);
    }
    for (const row of table("bf16_paper_reasoning")) {
      if (row.format === "BF16") continue;
      expect(reasoningRows.find(({ name }) => name === row.model)!.recovery[row.format as "W8A8-FP"]).toBe(
        Number(row.recovery_pct),
      );
    }
    const published: Record<string, string> = { INT8: "W8A8-INT", INT4: "W4A16-INT", FP8: "W8A8-FP" };
    for (const row of table("bf16_paper_sync")) {
      if (row.format === "BF16") continue;
      const cell = syncCost[Number.parseInt(row.size!, 10) as 8].find(
        ({ gpu: name, format }) => name === row.gpu && format === published[row.format!],
      );
      expect(cell?.divisor, JSON.stringify(row)).toBe(Number(row.cost_reduction));
    }
    for (const row of table("bf16_paper_async")) {
      if (row.format === "BF16") continue;
      const cell = asyncSpeedup[Number.parseInt(row.size!, 10) as 8].find(
        ({ hardware, format }) => hardware === row.hw && format === published[row.format!],
      );
      expect(cell?.factor, JSON.stringify(row)).toBe(Number(row.avg_speedup));
    }
    const llamaCpp = Object.fromEntries(
      table("llamacpp_llama31_8b_quants").map((row) => [row.type!.toLowerCase(), Number(row.tg128_tps)]),
    );
    for (const [type, rate] of Object.entries(llamaCppTokensPerS)) expect(llamaCpp[type]).toBe(rate);
  });

  it("is quoted for the published model nearest in size, with its citation", () => {
    expect([1e9, 23e9, 24e9, 168e9, 169e9].map(nearestSize)).toEqual([8, 8, 70, 70, 405]);
    expect(recoveryOf(llama("8B"), "int4-g128")).toEqual({
      percent: 98.72,
      citation: "arXiv 2411.02355, Llama-3.1-8B, W4A16-INT, Open LLM Leaderboard V1 (V2: 96.1 %)",
    });
    expect(recoveryOf(llama("70B"), "fp8-e4m3")!.percent).toBe(99.72);
    expect(recoveryOf(sized(1.5e9), "int8-channel")).toMatchObject({
      percent: 96.9,
      citation: expect.stringContaining("R1-Distill-Qwen-1.5B"),
    });
    expect(recoveryOf(sized(32e9, { name: "R1-Distill-Qwen-32B" }), "int4-g128")!.percent).toBe(99.5);
  });

  it("is absent where nobody published it", () => {
    for (const format of ["nf4", "int4-g32", "mxfp4", "q4_k_m", "bf16"] as const)
      expect(recoveryOf(llama("8B"), format)).toBeUndefined();
    expect(recoveryOf(llama("8B", { generates: false }), "int4-g128")).toBeUndefined();
  });
});
