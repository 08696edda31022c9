import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` asks a studio that runs beside it: ROADLOOP_STUDIO names another one.
const studio = process.env.ROADLOOP_STUDIO ?? "http://127.0.0.1:4747";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    // Nothing is made a data: URL: what a page may load is said by its server.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What others wrote seldom changes: a browser keeps it while our pages do.
        codeSplitting: { groups: [{ name: "react", test: /node_modules\/(react|react-dom|scheduler|@tanstack|use-sync-external-store)\// }] },
      },
    },
  },
  server: { proxy: { "/api": studio } },
  test: { include: ["src/**/*.test.ts"] },
});
