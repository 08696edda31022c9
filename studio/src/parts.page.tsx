// Shows all parts with made-up data. For those who build the studio; no part of it.

import "./styles.css";
import { createRoot } from "react-dom/client";
import { drawPictures } from "./parts.data";
import { GridPage } from "./parts.grid";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the parts");
await drawPictures();
createRoot(root).render(<GridPage />);
