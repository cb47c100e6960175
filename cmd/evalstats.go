package cmd

import (
	"encoding/json"
	"fmt"

	"gonix.dev/gonix/eval"
)

// printStats prints what an evaluation counted.
func printStats(env *Env, st *eval.State) {
	heap := countHeap()
	out, err := json.MarshalIndent(map[string]any{
		"nrThunks":        st.Stats.Thunks,
		"nrFunctionCalls": st.Stats.Calls,
		"nrPrimOpCalls":   st.Stats.PrimOpCalls,
		"nrLookups":       st.Stats.Lookups,
		"nrOpUpdates":     st.Stats.Updates,
		"files":           st.Stats.Files,
		"sourceBytes":     st.Stats.SourceBytes,
		"heap":            map[string]any{"bytes": heap.allocated, "collections": heap.collections, "inUse": heap.inUse},
	}, "", "  ")
	if err == nil {
		fmt.Fprintf(env.Stderr, "%s\n", out)
	}
}
