package eval

// PoisonEnvs makes environments that would be used again unreadable, so that reading
// one that was given back too early panics.
func (st *State) PoisonEnvs() { st.slabs.poison = true }
