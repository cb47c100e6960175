// Package sign has the keys that sign store paths: ed25519, spelled
// `name:base64`, as in Nix's settings trusted-public-keys and secret-key-files.
//
// A signature is over the fingerprint of a path (store.PathInfo.Fingerprint):
// its name, NAR hash, NAR size and references. It says nothing of the deriver or
// of how a binary cache compresses the archive.
package sign

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// SecretKey signs. The zero value is no key.
type SecretKey struct {
	name string
	key  ed25519.PrivateKey
}

// PublicKey verifies. The zero value is no key.
type PublicKey struct {
	name string
	key  ed25519.PublicKey
}

// Generate makes a new key. The name should say whose it is and which, such as
// cache.example.org-1.
func Generate(name string) (SecretKey, error) {
	if err := checkName(name); err != nil {
		return SecretKey{}, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return SecretKey{name, key}, err
}

func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ": \t\r\n") {
		return fmt.Errorf("'%s' is not a name for a key: it must not be empty or contain colons or blanks", name)
	}
	return nil
}

var errNotKey = errors.New("is corrupt")

// split cuts `name:base64` into the name and a payload of the given size.
func split(s, what string, size int) (string, []byte, error) {
	name, text, ok := strings.Cut(strings.TrimSpace(s), ":")
	if !ok || name == "" || text == "" {
		return "", nil, fmt.Errorf("%s %w: it is not of the form 'name:base64'", what, errNotKey)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", nil, fmt.Errorf("%s '%s' %w: %w", what, name, errNotKey, err)
	}
	if len(data) != size {
		return "", nil, fmt.Errorf("%s '%s' is not valid: it has %d bytes instead of %d", what, name, len(data), size)
	}
	return name, data, nil
}

// ParseSecretKey reads `name:base64`. Errors do not contain the key.
func ParseSecretKey(s string) (SecretKey, error) {
	name, data, err := split(s, "secret key", ed25519.PrivateKeySize)
	return SecretKey{name, data}, err
}

// ParsePublicKey reads `name:base64`.
func ParsePublicKey(s string) (PublicKey, error) {
	name, data, err := split(s, "public key", ed25519.PublicKeySize)
	return PublicKey{name, data}, err
}

// Name is the key's name.
func (k SecretKey) Name() string { return k.name }

// Name is the key's name.
func (k PublicKey) Name() string { return k.name }

// Text is the key as `name:base64`, to be written to a file. It is not called
// String so that a key does not get into messages.
func (k SecretKey) Text() string {
	return k.name + ":" + base64.StdEncoding.EncodeToString(k.key)
}

// String is the key as `name:base64`.
func (k PublicKey) String() string {
	return k.name + ":" + base64.StdEncoding.EncodeToString(k.key)
}

// Public is the key that verifies what k signs.
func (k SecretKey) Public() PublicKey {
	return PublicKey{k.name, k.key.Public().(ed25519.PublicKey)}
}

// Sign signs a fingerprint: `name:base64`.
func (k SecretKey) Sign(fingerprint string) string {
	return k.name + ":" + base64.StdEncoding.EncodeToString(ed25519.Sign(k.key, []byte(fingerprint)))
}

// Keys are trusted public keys by name.
type Keys map[string]PublicKey

// ParseKeys reads the words of trusted-public-keys.
func ParseKeys(words []string) (Keys, error) {
	keys := make(Keys, len(words))
	for _, w := range words {
		k, err := ParsePublicKey(w)
		if err != nil {
			return nil, fmt.Errorf("'%s': %w", w, err)
		}
		keys[k.name] = k
	}
	return keys, nil
}

// Verify says whether sig is the signature of one of the keys over fingerprint.
func (ks Keys) Verify(fingerprint, sig string) bool {
	name, data, err := split(sig, "signature", ed25519.SignatureSize)
	if err != nil {
		return false
	}
	k, ok := ks[name]
	return ok && ed25519.Verify(k.key, []byte(fingerprint), data)
}

// Count is the number of different keys that have signed fingerprint.
func (ks Keys) Count(fingerprint string, sigs []string) int {
	good := map[string]bool{}
	for _, sig := range sigs {
		if name, _, _ := strings.Cut(sig, ":"); !good[name] && ks.Verify(fingerprint, sig) {
			good[name] = true
		}
	}
	return len(good)
}

// CheckSignature says whether s has the form of a signature.
func CheckSignature(s string) error {
	_, _, err := split(s, "signature", ed25519.SignatureSize)
	return err
}
