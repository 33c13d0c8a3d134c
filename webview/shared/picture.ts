import { type Palette, palette } from "./theme";

export interface Picture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

export interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly anchor?: "start" | "middle" | "end";
  /** The text is cut with … to this many pixels. */
  readonly width?: number;
}

/** An SVG written element by element, in the colours of the theme. Every text that goes in is escaped. */
export class Drawing {
  private readonly parts: string[] = [];
  readonly colours: Palette = palette();
  private readonly measure = document.createElement("canvas").getContext("2d");

  constructor(readonly width: number) {}

  text(x: number, y: number, text: string, style: TextStyle = {}): void {
    const { size = 13, weight = 400, colour = this.colours.foreground, anchor = "start", width } = style;
    const shown = width === undefined ? text : this.cut(text, size, weight, width);
    this.parts.push(
      `<text x="${px(x)}" y="${px(y)}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${escapeXml(shown)}</text>`,
    );
  }

  rect(
    x: number,
    y: number,
    width: number,
    height: number,
    look: { fill?: string; stroke?: string; radius?: number },
  ): void {
    const { fill = "none", stroke = "none", radius = 0 } = look;
    this.parts.push(
      `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(Math.max(0, height))}" rx="${radius}" fill="${fill}" stroke="${stroke}"/>`,
    );
  }

  line(
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    stroke: string,
    look: { width?: number; dash?: readonly number[] } = {},
  ): void {
    this.path(`M${px(x0)} ${px(y0)}L${px(x1)} ${px(y1)}`, { stroke, ...look });
  }

  path(
    d: string,
    look: { fill?: string; stroke?: string; width?: number; dash?: readonly number[]; opacity?: number },
  ): void {
    if (d === "") return;
    const { fill = "none", stroke = "none", width = 1, dash = [], opacity = 1 } = look;
    this.parts.push(
      `<path d="${d}" fill="${fill}" stroke="${stroke}" stroke-width="${width}" stroke-dasharray="${dash.join(" ")}" opacity="${opacity}"/>`,
    );
  }

  /** A fill of lines that repeat: the name to give as `fill`. @param id letters only, one a look */
  hatch(
    id: string,
    size: number,
    lines: readonly (readonly [number, number, number, number])[],
    stroke: string,
  ): string {
    const d = lines.map(([x0, y0, x1, y1]) => `M${x0} ${y0}L${x1} ${y1}`).join("");
    this.parts.push(
      `<defs><pattern id="${id}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><path d="${d}" stroke="${stroke}" stroke-width="1" fill="none"/></pattern></defs>`,
    );
    return `url(#${id})`;
  }

  circle(x: number, y: number, radius: number, look: { fill?: string; stroke?: string }): void {
    this.parts.push(
      `<circle cx="${px(x)}" cy="${px(y)}" r="${radius}" fill="${look.fill ?? "none"}" stroke="${look.stroke ?? "none"}"/>`,
    );
  }

  /** How wide a text would be, pixels. */
  widthOf(text: string, size: number, weight = 400): number {
    if (this.measure === null) return text.length * size * 0.6;
    this.measure.font = `${weight} ${size}px ${this.colours.fontFamily}`;
    return this.measure.measureText(text).width;
  }

  /** Words in lines of at most a width; at most `most` lines. */
  wrap(text: string, size: number, width: number, most: number): string[] {
    const lines: string[] = [];
    let line = "";
    for (const word of text.slice(0, 2000).split(/\s+/)) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line === "" || this.widthOf(longer, size) <= width) line = longer;
      else {
        lines.push(line);
        line = word;
      }
    }
    return [...lines, line].slice(0, most).map((full) => this.cut(full, size, 400, width));
  }

  /** @param title what a program that lists pictures shows */
  finish(height: number, title: string): Picture {
    const font = escapeXml(this.colours.fontFamily);
    const svg =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${px(height)}" viewBox="0 0 ${this.width} ${px(height)}" font-family="${font}">` +
      `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="${this.colours.background}"/>${this.parts.join("")}</svg>`;
    return { svg, width: this.width, height };
  }

  private cut(text: string, size: number, weight: number, width: number): string {
    const short = text.slice(0, 400);
    if (short.length === text.length && this.widthOf(text, size, weight) <= width) return text;
    let [low, high] = [0, short.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.widthOf(`${short.slice(0, middle)}…`, size, weight) <= width) low = middle;
      else high = middle - 1;
    }
    return `${short.slice(0, low)}…`;
  }
}

/** Text as XML may hold it: markup escaped, characters that XML knows no way to write replaced. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return (
    text
      .replace(/\p{Surrogate}/gu, "\ufffd")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not stand in XML 1.0
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replace(/[&<>"']/g, (character: string) => entities[character]!)
  );
}

/** @returns the bytes of a PNG at twice the size, in base64 */
export async function svgToPng(picture: Picture): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture.svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.width * 2;
  canvas.height = Math.round(picture.height * 2);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser has no canvas to make a PNG with.");
  context.scale(2, 2);
  context.drawImage(image, 0, 0, picture.width, picture.height);
  return canvas.toDataURL("image/png").replace(/^data:image\/png;base64,/, "");
}

/** A coordinate with a tenth of a pixel, which is as fine as anybody sees. */
function px(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 10) / 10) : "0";
}
