/**
 * Where a run's joules went: useful work, waiting inside of iterations, waiting for slower ranks, and what was outside of
 * the loop. Every moment of every rank has one kind (segments.ts); the meters give each kind its energy
 * (attribution/); waits are split by time (waits.ts). So the parts add up to the run, and no joule is counted twice.
 */
import { type Answer, known, unknown } from "../../model/answer";
import type { ReportedBloat } from "../../model/report";
import type { Run } from "../../model/run";
import {
  type Straggler,
  type WasteCause,
  type WastePart,
  type WasteReport,
  wasteKinds,
  wasteSchemaName,
} from "../../model/waste";
import { type DeviceEnergy, deviceEnergies, runWindow } from "../deviceEnergy";
import { errorOf, type RankEnergies, rankEnergies, secondsOf } from "../rankEnergies";
import { type Rank, ranksOf, ranksOfDevice, rankTraces } from "../ranks";
import { withClocks } from "./clocks";
import { bloatShare } from "./headline";
import { deviceSegments, hostSegments, type Kinds, kindsOf, loopTimes } from "./segments";
import { causeOf, type Pace, pacesOf, secondsInLoop } from "./stragglers";
import { waitingOf } from "./waitingMap";
import { collectiveSeconds, matchedWaits, type Wait } from "./waits";
import { partWords } from "./words";

export interface WasteQuestion {
  /** Other runs of the same program: at other clocks (labelled so), or the same run on other nodes. */
  readonly others?: readonly Run[];
}

/** @returns unknown with the reason where the run's energy, or its parts, cannot be told */
export function wasteReport(run: Run, { others = [] }: WasteQuestion = {}): Answer<WasteReport> {
  const own = ownReport(run, others);
  if (!own.known) return own;
  const sweep = others.flatMap((other) => {
    const answer = ownReport(other, []);
    return answer.known ? [{ run: other, report: answer.value }] : [];
  });
  return known(withClocks(run, own.value, sweep));
}

/** For the report of a run that is over; undefined where it cannot be told, or no loop was traced. */
export function reportedBloat(run: Run): ReportedBloat | undefined {
  const answer = ownReport(run, []);
  if (!answer.known || answer.value.run.iterations === 0) return undefined;
  const share = bloatShare(answer.value);
  return { energyJ: share * answer.value.energyJ, share };
}

function ownReport(run: Run, others: readonly Run[]): Answer<WasteReport> {
  const counted = deviceEnergies(run).filter(({ device }) => device.counted);
  const unsaid = counted.find(({ energyJ }) => energyJ === undefined);
  if (counted.length === 0) return unknown("Nothing was measured in this run.");
  if (unsaid) return unknown(unsaid.reason ?? `What ${unsaid.device.name} used is not known.`);
  const energyJ = counted.reduce((sum, one) => sum + one.energyJ!, 0);
  const window = runWindow(run);
  const ranks = ranksOf(run);
  const times = ranks.map(loopTimes);
  const iterations = Math.max(0, ...times.map((one) => one?.count ?? 0));
  const head = {
    schema: wasteSchemaName as typeof wasteSchemaName,
    run: {
      id: run.manifest.id,
      path: run.path,
      state: run.state,
      durationS: window.toS - window.fromS,
      iterations,
      ranks: Math.max(1, ranks.length),
    },
    energyJ,
    standardErrorJ: Math.hypot(...counted.map((one) => one.standardErrorJ ?? 0)),
  };
  const isEstimate = counted.every(({ device }) => device.source === "estimated");
  if (ranks.length === 0) {
    const durationS = head.run.durationS;
    const { name } = partWords.work;
    const part: WastePart = {
      id: "work",
      kind: "useful",
      cause: "work",
      name,
      energyJ,
      durationS,
      basis: basisOf(isEstimate),
    };
    return known({ ...head, parts: [part], stragglers: [], notes: ["No training loop was traced in this run."] });
  }
  const kinds = kindsOf(ranks);
  const host = ranks.map((rank) => hostSegments(rank, kinds, window));
  const device = ranks.map((rank) => deviceSegments(rank, kinds, window));
  const work = {
    ranks,
    names: kinds.names.length,
    segments: (place: number, { kind }: DeviceEnergy["device"]) =>
      kind === "gpu" ? (device[place] ?? host[place]!) : host[place]!,
  };
  const answer = rankEnergies(work, counted, window);
  if (!answer.known) return answer;
  // What several nodes wait for is matched over all of them; the energy is of the ranks that ran here.
  const everyone = [...ranks, ...elsewhere(ranks, [run, ...others])];
  const everyTimes = everyone.map((rank, place) => times[place] ?? loopTimes(rank));
  const waits = matchedWaits(everyone, everyTimes);
  const hostSeconds = host.map((segments) => secondsOf(segments, kinds.names.length, window));
  const basis = basisOf(isEstimate || answer.value.byTime);
  const found = { kinds, found: answer.value, scale: energyJ / answer.value.totalJ, energyJ, basis };
  const shares = communicationShares(everyone, ranks, times, waits, hostSeconds, kinds);
  const paces = pacesOf(everyTimes, waits);
  const inLoop = host.map((segments, place) => secondsInLoop(segments, times[place], kinds.names.length));
  const extrinsic = stragglersOf(found, everyone, shares, paces, waits, (place) => {
    if (place >= ranks.length) return {};
    const gpu = counted.find((one) => {
      const places = ranksOfDevice(
        one.device,
        counted.map((other) => other.device),
        ranks,
      );
      return one.device.kind === "gpu" && places.length === 1 && places[0] === place;
    });
    const samples = gpu && { device: gpu.device, samples: gpu.columns };
    return causeOf(place, inLoop, kinds, Math.max(1, times[place]?.count ?? 1), samples);
  });
  const parts = [...plainParts(found, ranks.length), ...communicationParts(found, shares), ...extrinsic.parts];
  const waiting = everyone.length > 1 ? waitingOf(everyone, window, waits) : undefined;
  return known({
    ...head,
    parts: inOrder(parts, energyJ),
    stragglers: extrinsic.stragglers,
    ...(waiting && { waiting }),
    notes: notesOf(times, found),
  });
}

const basisOf = (isModelled: boolean): WastePart["basis"] => (isModelled ? "modelled" : "measured");

/** Ranks of the same job on other nodes: in this folder, where nodes share it, or in their own. */
function elsewhere(ranks: readonly Rank[], others: readonly Run[]): readonly Rank[] {
  const here = new Set(ranks.map(({ rank }) => rank));
  const size = ranks[0]?.traces[0]?.header.worldSize;
  return others.flatMap((other) =>
    [...rankTraces(other.traces)].flatMap(([rank, traces]) => {
      if (here.has(rank) || size === undefined || traces[0]!.header.worldSize !== size) return [];
      here.add(rank);
      return [{ rank, traces }];
    }),
  );
}

interface Found {
  readonly kinds: Kinds;
  readonly found: RankEnergies;
  /** The lag between meter and trace may have moved a sliver over the run's ends. */
  readonly scale: number;
  readonly energyJ: number;
  readonly basis: WastePart["basis"];
}

type Weights = ReadonlyMap<number, number>;

/** A sum of columns, each with a weight. */
function sumOf({ found, scale }: Found, weights: Weights) {
  let energyJ = 0;
  let durationS = 0;
  for (const [column, weight] of weights) {
    const isOther = column === found.energyJ.length;
    energyJ += weight * scale * (isOther ? found.otherEnergyJ : found.energyJ[column]!);
    durationS += weight * (isOther ? found.otherDurationS : found.durationS[column]!);
  }
  return { energyJ, standardErrorJ: scale * errorOf(found, weights), durationS };
}

function partOf(found: Found, cause: WasteCause, weights: Weights, more: Partial<WastePart> = {}): WastePart {
  const { kind, name, remedy } = partWords[cause];
  return {
    id: cause,
    kind,
    cause,
    name,
    ...sumOf(found, weights),
    basis: found.basis,
    ...(remedy && { remedy }),
    ...more,
  };
}

/** One a kind of moment over all ranks, but for communication. */
function plainParts(found: Found, ranks: number): WastePart[] {
  const { names, phases } = found.kinds;
  return names.flatMap((name, column): WastePart[] => {
    if (name === "communication") return [];
    const weights = new Map(Array.from({ length: ranks }, (_, place) => [place * names.length + column, 1]));
    // What no kind covers is rounding of times; it goes with the work.
    if (name === "work") weights.set(found.found.energyJ.length, 1);
    const isUsers = column < phases.length && !(name in partWords);
    const part = isUsers
      ? partOf(found, "work", weights, { id: `phase-${name}`, name })
      : partOf(found, name as WasteCause, weights);
    return part.durationS > 0 || part.energyJ > 0 ? [part] : [];
  });
}

/** How a rank's time in communication is split; the shares add up to 1. */
interface CommunicationShares {
  /** Its column. */
  readonly column: number;
  readonly own: number;
  readonly bubble: number;
  /** By the place of the rank that was waited for. */
  readonly excess: Float64Array;
}

function communicationShares(
  everyone: readonly Rank[],
  ranks: readonly Rank[],
  times: readonly ReturnType<typeof loopTimes>[],
  waits: readonly Wait[],
  hostSeconds: readonly Float64Array[],
  kinds: Kinds,
): CommunicationShares[] {
  const name = kinds.names.indexOf("communication");
  if (name < 0) return [];
  const collectives = collectiveSeconds(ranks, times);
  return ranks.map(({ traces }, place) => {
    const wholeS = hostSeconds[place]![name]!;
    const excess = new Float64Array(everyone.length);
    for (const wait of waits) if (wait.place === place && wait.last !== place) excess[wait.last]! += wait.excessS;
    const excessS = excess.reduce((sum, value) => sum + value, 0);
    // Microseconds by which rounding makes a row longer than its span.
    const fit = excessS > wholeS ? wholeS / excessS : 1;
    const isPipeline = traces.some(({ operations }) => operations !== undefined);
    const messagesS = isPipeline ? Math.max(0, wholeS - Math.max(collectives[place]!, excessS * fit)) : 0;
    const share = (valueS: number) => (wholeS > 0 ? valueS / wholeS : 0);
    const bubble = share(messagesS);
    const waited = excess.map((valueS) => share(valueS * fit));
    const own = 1 - bubble - waited.reduce((sum, value) => sum + value, 0);
    return { column: place * kinds.names.length + name, own: Math.max(0, own), bubble, excess: waited };
  });
}

function communicationParts(found: Found, shares: readonly CommunicationShares[]): WastePart[] {
  const weights = (of: (one: CommunicationShares) => number) => new Map(shares.map((one) => [one.column, of(one)]));
  return [
    partOf(
      found,
      "communication",
      weights(({ own }) => own),
    ),
    partOf(
      found,
      "bubble",
      weights(({ bubble }) => bubble),
    ),
  ].filter(({ durationS }) => durationS > 0);
}

/** A rank that costs the others less than this share of the run is none: ranks are never quite in step. */
const leastShare = 0.005;

function stragglersOf(
  found: Found,
  everyone: readonly Rank[],
  shares: readonly CommunicationShares[],
  paces: readonly Pace[],
  waits: readonly Wait[],
  cause: (place: number) => Pick<Straggler, "cause" | "evidence">,
): { parts: WastePart[]; stragglers: Straggler[] } {
  const parts: WastePart[] = [];
  const stragglers: Straggler[] = [];
  const rest = new Map<number, number>();
  everyone.forEach(({ rank = 0 }, place) => {
    const weights = new Map(shares.map((one) => [one.column, one.excess[place]!]));
    const sum = sumOf(found, weights);
    const pace = paces[place]!;
    if (sum.energyJ < leastShare * found.energyJ && !pace.chronic) {
      for (const [column, weight] of weights) rest.set(column, (rest.get(column) ?? 0) + weight);
      return;
    }
    const words = { id: `straggler-${rank}`, rank, name: `waiting for rank ${rank}` };
    parts.push(partOf(found, "straggler", weights, words));
    const seconds = waits.reduce((total, { last, excessS }) => (last === place ? total + excessS : total), 0);
    stragglers.push({
      rank,
      ...pace,
      ...cause(place),
      energyOfOthersJ: sum.energyJ,
      standardErrorJ: sum.standardErrorJ,
      waitingOfOthersS: seconds,
    });
  });
  const chance = partOf(found, "straggler", rest, {
    name: "ranks out of step by chance",
    remedy: "Small and in turns: nothing to mend but fewer points at which ranks wait for each other.",
  });
  if (chance.durationS > 0) parts.push(chance);
  stragglers.sort((a, b) => b.energyOfOthersJ - a.energyOfOthersJ);
  return { parts, stragglers };
}

function inOrder(parts: readonly WastePart[], energyJ: number): WastePart[] {
  // Rounding of sums: what is missing goes to the largest part.
  const sum = parts.reduce((total, part) => total + part.energyJ, 0);
  const largest = parts.reduce((a, b) => (b.energyJ > a.energyJ ? b : a));
  const whole = parts.map((part) => (part === largest ? { ...part, energyJ: part.energyJ + energyJ - sum } : part));
  return whole.sort((a, b) => wasteKinds.indexOf(a.kind) - wasteKinds.indexOf(b.kind) || b.energyJ - a.energyJ);
}

function notesOf(times: readonly ReturnType<typeof loopTimes>[], { found, kinds }: Found): string[] {
  const notes: string[] = [];
  if (times.every((one) => one === undefined)) notes.push("No training loop was traced in this run.");
  if (times.some((one) => one && one.together.length > 0)) {
    notes.push("Iterations came too fast to tell each: what happened inside of them is given as work.");
  }
  if (found.groups.some((group) => new Set(group.map((column) => column % kinds.names.length)).size > 1)) {
    notes.push("Some parts cannot be told apart by this meter: their sum is known far better than each.");
  }
  return notes;
}
