package auth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"todomanager/internal/auth"
)

// deviations are the vectors on which this server differs, with the reason.
func deviations(file string) map[int]string {
	const (
		hmac  = "symmetric keys verify nothing here: who can verify could sign"
		label = "the key's alg is not the signature's (PS384 under PS256, ES512 under ES521), and a key is used only as it says"
		roca  = "weak primes of a published key are not looked for"
	)
	return map[string]map[int]string{
		"json_web_signature": {1: hmac, 346: label, 347: label, 348: hmac, 350: label, 351: label, 352: hmac,
			357: hmac, 358: hmac, 359: hmac, 372: hmac, 373: hmac, 376: hmac, 377: hmac},
		"json_web_key":    {2: hmac, 7: roca, 13: hmac, 14: hmac, 15: hmac},
		"json_web_crypto": {1: hmac, 46: roca, 48: hmac},
	}[file]
}

// TestWycheproof runs every vector of a signature as it is.
func TestWycheproof(t *testing.T) {
	for _, c := range []struct {
		file    string
		vectors int
	}{{"json_web_signature", 401}, {"json_web_key", 26}, {"json_web_crypto", 49}} {
		t.Run(c.file, func(t *testing.T) {
			known := deviations(c.file)
			vectors := readVectors(t, c.file)
			if len(vectors) != c.vectors {
				t.Errorf("%d vectors, want %d", len(vectors), c.vectors)
			}
			for _, v := range vectors {
				err := auth.VerifyJWS(v.keys, v.jws)
				agrees := (err == nil) == v.valid
				if reason, listed := known[v.id]; listed == agrees {
					t.Errorf("%d, %s: valid %t, verifies with %v; listed as a deviation because %q", v.id, v.name, v.valid, err, reason)
				}
			}
		})
	}
}

type vector struct {
	id    int
	name  string
	keys  []byte // a JWK Set
	jws   string
	valid bool
}

func readVectors(t *testing.T, file string) []vector {
	data, err := os.ReadFile(filepath.Join("testdata", "wycheproof", file+"_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Groups []struct {
			Comment         string
			Public, Private json.RawMessage
			Tests           []struct {
				ID              int `json:"tcId"`
				Comment, Result string
				JWS             json.RawMessage // a string, or an object in JSON serialization
			}
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, group := range doc.Groups {
		keys := group.Public
		if keys == nil {
			keys = group.Private
		}
		for _, test := range group.Tests {
			if test.JWS == nil { // encryption
				continue
			}
			v := vector{id: test.ID, name: group.Comment + " " + test.Comment, keys: keySet(keys), valid: test.Result == "valid"}
			if json.Unmarshal(test.JWS, &v.jws) != nil {
				v.jws = string(test.JWS)
			}
			vectors = append(vectors, v)
		}
	}
	return vectors
}

// keySet makes a JWK Set of a vector's key, unless it is one.
func keySet(keys json.RawMessage) []byte {
	var set struct{ Keys []json.RawMessage }
	if json.Unmarshal(keys, &set) == nil && set.Keys != nil {
		return keys
	}
	return []byte(`{"keys":[` + string(keys) + `]}`)
}
