import { isPhase } from "../../src/model/phase";

/** The theme's colours as a canvas or a picture needs them: no variables, no mixing, `#rrggbb` or `rgba(…)`. */
export interface Palette {
  readonly foreground: string;
  readonly muted: string;
  readonly background: string;
  readonly hairline: string;
  readonly grid: string;
  /** Between the smallest and the largest value of a curve. */
  readonly band: string;
  readonly focus: string;
  readonly warning: string;
  readonly phaseOtherEdge: string;
  /** A phase has one colour in all panels; phases that a program named itself share two. */
  phase(name: string): string;
  readonly highContrast: boolean;
  readonly fontFamily: string;
  readonly fontSizePx: number;
}

/** The custom property that holds a phase's colour, for use in CSS. */
export function phaseVariable(name: string): string {
  if (isPhase(name)) return `--wl-phase-${name}`;
  let hash = 0;
  for (let i = 0; i < Math.min(name.length, 64); i++) hash += name.charCodeAt(i);
  return hash % 2 === 0 ? "--wl-phase-named" : "--wl-phase-named-2";
}

let current: Palette | undefined;

/** The palette of the theme as it is now. Cheap: it is read again only after the theme changed. */
export function palette(): Palette {
  current ??= readPalette();
  return current;
}

/** Calls `listen` after every change of theme. Returns how to stop. */
export function onThemeChange(listen: () => void): () => void {
  const observer = new MutationObserver(() => {
    current = undefined;
    listen();
  });
  // VS Code writes its variables to the style of <html> and the kind of theme to the class of <body>.
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
  return () => observer.disconnect();
}

export function isHighContrast(): boolean {
  return (
    document.body.classList.contains("vscode-high-contrast") ||
    document.body.classList.contains("vscode-high-contrast-light")
  );
}

function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const colour = (name: string, otherwise = "#808080") => solid(style.getPropertyValue(name).trim() || otherwise);
  const phases = new Map<string, string>();
  return {
    foreground: colour("--wl-foreground"),
    muted: colour("--wl-muted"),
    background: colour("--wl-background", "#ffffff"),
    hairline: colour("--wl-hairline"),
    grid: colour("--wl-grid"),
    band: colour("--wl-band"),
    focus: colour("--wl-focus"),
    warning: colour("--wl-warning"),
    phaseOtherEdge: colour("--wl-phase-other-edge"),
    phase(name) {
      const variable = phaseVariable(name);
      const known = phases.get(variable) ?? colour(variable);
      phases.set(variable, known);
      return known;
    },
    highContrast: isHighContrast(),
    fontFamily: style.fontFamily || "sans-serif",
    fontSizePx: Number.parseFloat(style.fontSize) || 13,
  };
}

let probe: CanvasRenderingContext2D | null | undefined;

/** Any CSS colour as the browser paints it: a pixel is painted and read, which settles `color-mix` and names alike. */
function solid(css: string): string {
  if (probe === undefined) {
    const canvas = document.createElement("canvas");
    canvas.width = 1;
    canvas.height = 1;
    probe = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (probe === null) return css;
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = "#808080";
  probe.fillStyle = css;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data as unknown as [number, number, number, number];
  if (alpha < 255) return `rgba(${red}, ${green}, ${blue}, ${(alpha / 255).toFixed(3)})`;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
