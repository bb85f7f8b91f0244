// The edge answers pages of known origins only, so that the port must not change: see `cargo dev --origin`.
export default { server: { port: 5173, strictPort: true } };
