export { BoxView, type BoxViewProps } from "./BoxView";
