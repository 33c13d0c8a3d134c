/** Text from a run folder or a meter, so that Markdown shows it as it is and makes no link, picture or table of it. */
export function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, "\\$&");
}
