export { ZoomView } from "./ZoomView";
