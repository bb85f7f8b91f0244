// Finds the winning lines on a board of Connect Four, to mark them.

const COLUMNS = "abcdefg";
const DIRECTIONS: [number, number][] = [[1, 0], [0, 1], [1, 1], [1, -1]];

/** Returns the squares of all lines of four or more discs of one seat. */
export function winning_squares(board: Record<string, number>): string[] {
  const found = new Set<string>();
  for (const [square, seat] of Object.entries(board)) {
    for (const [x, y] of DIRECTIONS) {
      const line = [0, 1, 2, 3].map((n) => at(square, n * x, n * y));
      if (line.every((other) => board[other] === seat)) for (const other of line) found.add(other);
    }
  }
  return [...found];
}

/** Returns the square that lies this far from another; outside of the board it is the name of no square. */
function at(square: string, x: number, y: number): string {
  return `${COLUMNS[COLUMNS.indexOf(square[0] ?? "") + x] ?? "?"}${Number(square[1]) + y}`;
}
