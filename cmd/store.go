package cmd

import "github.com/spf13/cobra"

// storeVerbs make the commands of `gonix store <verb>`, one file each.
var storeVerbs = []func(*Env) *cobra.Command{
	newStoreAddCmd,
	newStoreAddFileCmd,
	newStoreAddPathCmd,
	newStoreCatCmd,
	newStoreCopyLogCmd,
	newStoreCopySigsCmd,
	newStoreDeleteCmd,
	newStoreDiffClosuresCmd,
	newStoreDumpPathCmd,
	newStoreGCCmd,
	newStoreInfoCmd,
	newStoreLsCmd,
	newStoreOptimiseCmd,
	newStorePathFromHashPartCmd,
	newStorePrefetchFileCmd,
	newStoreRepairCmd,
	newStoreSignCmd,
	newStoreVerifyCmd,
}

func newStoreCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Look at stores and change them",
	}
	for _, verb := range storeVerbs {
		c.AddCommand(verb(env))
	}
	return c
}
