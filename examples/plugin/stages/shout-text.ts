/** The text in capitals, with so many exclamation marks. */
export function shoutText(text: string, marks: number): string {
  return text.toUpperCase() + '!'.repeat(marks);
}
