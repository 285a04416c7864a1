package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// KeyName is the name in keys and signatures. What tells keys apart is the hash beside it.
const KeyName = "todo-manager"

// Signer signs heads with an Ed25519 key, as signed notes
// (https://c2sp.org/signed-note).
type Signer struct {
	signer     note.Signer
	verifiers  note.Verifiers
	public     string
	publicFile string
	file       string
	unsaved    []byte // the private key, if it is in no file yet
}

// OpenSigner reads the private key in the file, or makes one if there is no file (mode
// 0600). It reports whether the key is new.
func OpenSigner(file string) (s *Signer, made bool, err error) {
	if s, made, err = PrepareSigner(file); err != nil {
		return nil, false, err
	}
	return s, made, s.Save()
}

// PrepareSigner is [OpenSigner], but writes nothing: [Signer.Save] does.
func PrepareSigner(file string) (s *Signer, made bool, err error) {
	s = &Signer{file: file, publicFile: file + ".pub"}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		made = true
		text, err = newKey()
		s.unsaved = text
	}
	if err != nil {
		return nil, false, fmt.Errorf("the audit key: %w; name a file that this user may write (--audit-key)", err)
	}
	if s.signer, err = note.NewSigner(strings.TrimSpace(string(text))); err != nil {
		return nil, false, fmt.Errorf("%s holds no audit key: %w; put the key back, or move the file away to have a new one made", file, err)
	}
	if s.public, err = publicKey(string(text)); err != nil {
		return nil, false, err
	}
	s.verifiers, err = s.allKeys()
	return s, made, err
}

// allKeys are the public keys of this and, as far as they were published, of all earlier
// private keys: what those signed stays good.
func (s *Signer) allKeys() (note.Verifiers, error) {
	text, there, err := s.published()
	if err != nil {
		return nil, err
	}
	if !there {
		text += "\n" + s.public
	}
	keys, err := ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.publicFile, err)
	}
	return keys, nil
}

// published returns the public keys in FILE.pub, and whether this one is among them.
func (s *Signer) published() (text string, there bool, err error) {
	known, err := os.ReadFile(s.publicFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("the public audit keys: %w", err)
	}
	text = string(known)
	return text, slices.Contains(strings.Fields(text), s.public), nil
}

// Publish adds the public key to a file beside the private one, FILE.pub, which thus
// holds, for verifiers, the public keys of all private keys that the file ever had.
func (s *Signer) Publish() error {
	_, there, err := s.published()
	if err != nil || there {
		return err
	}
	if err := appendLine(s.publicFile, s.public, 0o644); err != nil {
		return fmt.Errorf("the public audit keys: %w", err)
	}
	return nil
}

// ReadSigner reads a private key that [OpenSigner] made.
func ReadSigner(file string) (*Signer, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("the audit key: %w; name the server's private key (--audit-key), and run this as the server's user", err)
	}
	s, _, err := OpenSigner(file)
	return s, err
}

// newKey makes a private key.
func newKey() ([]byte, error) {
	private, _, err := note.GenerateKey(rand.Reader, KeyName)
	return []byte(private + "\n"), err
}

// Save writes a new private key to its file.
func (s *Signer) Save() error {
	if s.unsaved == nil {
		return nil
	}
	f, err := os.OpenFile(s.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(s.unsaved)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("the audit key: %w; name a file that this user may write (--audit-key)", err)
	}
	s.unsaved = nil
	return nil
}

// Public returns the public key, as [note.NewVerifier] takes it.
func (s *Signer) Public() string { return s.public }

// Head signs a head: every row up to it was written.
func (s *Signer) Head(h Head, at time.Time) (SignedHead, error) { return s.sign(saysHead, h, at) }

// Base signs a statement that the rows up to the head were pruned on purpose.
func (s *Signer) Base(h Head, at time.Time) (SignedHead, error) { return s.sign(saysBase, h, at) }

// Restored signs a statement that the log goes on from the head, and that what was signed
// before that time for later rows is void.
func (s *Signer) Restored(h Head, at time.Time) (SignedHead, error) {
	return s.sign(saysRestored, h, at)
}

func (s *Signer) sign(says statement, h Head, at time.Time) (SignedHead, error) {
	at = at.UTC().Truncate(time.Second)
	signed, err := note.Sign(&note.Note{Text: h.text(says, at)}, s.signer)
	return SignedHead{Head: h, SignedAt: at, says: says, note: string(signed)}, err
}

// Keys returns the public keys of this and, if they were published, all earlier private keys.
func (s *Signer) Keys() note.Verifiers { return s.verifiers }

// ReadKeys returns the public keys in the file, one a line.
func ReadKeys(file string) (note.Verifiers, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	keys, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// ParseKeys reads public keys with white space between them, at least one.
func ParseKeys(text string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, key := range strings.Fields(text) {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("%q is not a public audit key: %w", key, err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, errors.New("no public audit key")
	}
	return note.VerifierList(list...), nil
}

// publicKey derives the public key from a private key in the form of [note.NewSigner],
// which has checked it.
func publicKey(private string) (string, error) {
	parts := strings.SplitN(strings.TrimSpace(private), "+", 5)
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(parts) != 5 || len(data) != 1+ed25519.SeedSize {
		return "", errors.New("not an Ed25519 audit key")
	}
	public := ed25519.NewKeyFromSeed(data[1:]).Public()
	return note.NewEd25519VerifierKey(parts[2], public.(ed25519.PublicKey))
}
