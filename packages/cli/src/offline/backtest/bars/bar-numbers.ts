/** The numbers of a series' bars by the bar's number; asked for about where the last was. */
export interface BarNumbers {
  value(bar: number, field: number): number;
}
