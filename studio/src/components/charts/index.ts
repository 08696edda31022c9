export { BarList, type BarItem, type BarListProps, type BarState } from "./BarList";
export type { TimeRange } from "./brush";
export { Histogram, type HistogramProps } from "./Histogram";
export type { GeoBounds, GeoPoint } from "./project";
export { Sparkline, type SparklineProps } from "./Sparkline";
export { timeInFull, timeTicks, type Tick } from "./ticks";
export { Timeline, type TimelineProps } from "./Timeline";
export { TrackMap, type TrackMapProps } from "./TrackMap";
