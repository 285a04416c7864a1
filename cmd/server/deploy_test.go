package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"todomanager/internal/config"
)

const deployDir = "../../deploy"

// documents returns the YAML documents of a file, which must have no key twice.
func documents(t *testing.T, name string) (list []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(text, &list, yaml.WithAllDocuments()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// at returns what is at a path such as "spec.containers.0.image", or nil.
func at(value any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			if i := int(step[0] - '0'); len(step) == 1 && i < len(v) {
				value = v[i]
				continue
			}
			return nil
		default:
			return nil
		}
	}
	return value
}

// served parses the settings of a deployment as the program would.
func served(t *testing.T, file string, environment map[string]string) *config.Server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TODO_CONFIG", name)
	for variable, value := range environment {
		if strings.HasPrefix(variable, "TODO_") && variable != "TODO_CONFIG" {
			t.Setenv(variable, value)
		}
	}
	var c struct{ config.Server }
	if _, err := config.Parse(&c, nil, io.Discard); err != nil {
		t.Errorf("the configuration of a deployment is refused: %v", err)
	}
	return &c.Server
}

// imageEnvironment returns what the Dockerfile sets.
func imageEnvironment(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployDir, "docker/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	set := make(map[string]string)
	for _, found := range regexp.MustCompile(`\b(TODO_[A-Z_]+)=([^ \\\n]+)`).FindAllStringSubmatch(string(text), -1) {
		set[found[1]] = found[2]
	}
	return set
}

// TestDeployedVariables: every TODO_ variable and every flag of the program that a file in
// deploy/ has exists.
func TestDeployedVariables(t *testing.T) {
	known := []string{"TODO_HOST", "TODO_UPSTREAM"} // of the Compose file and the Caddyfile
	for field := range reflect.TypeFor[config.Server]().Fields() {
		known = append(known, field.Tag.Get("env"))
	}
	seen := 0
	err := filepath.WalkDir(deployDir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		for _, variable := range regexp.MustCompile(`\bTODO_[A-Z_]+\b`).FindAllString(string(text), -1) {
			seen++
			if !slices.Contains(known, variable) {
				t.Errorf("%s: no setting has the variable %s", name, variable)
			}
		}
		return err
	})
	if err != nil || seen < 5 {
		t.Errorf("%d variables seen, %v", seen, err)
	}
}

// TestSystemdConfiguration: the example beside the unit is accepted, and keeps what it
// writes where the unit lets it.
func TestSystemdConfiguration(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(deployDir, "systemd/config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := served(t, string(file), nil)
	key, heads := c.AuditFiles()
	for _, path := range []string{c.DB, key, heads} {
		if !strings.HasPrefix(path, "/var/lib/todo-manager/") {
			t.Errorf("%s is not in the unit's StateDirectory", path)
		}
	}
	unit, err := os.ReadFile(filepath.Join(deployDir, "systemd/todo-manager.service"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Type=notify", "WatchdogSec=", "RestartPreventExitStatus=2\n", "StateDirectory=todo-manager\n", "Environment=TODO_CONFIG=/etc/todo-manager/config.yaml\n", "ExecStart=/usr/local/bin/todo-manager serve\n"} {
		if !strings.Contains(string(unit), "\n"+want) {
			t.Errorf("the unit lacks %q", want)
		}
	}
}

// TestCompose: the configuration is accepted, names the addresses of the file, and
// no service has more rights than it needs.
func TestCompose(t *testing.T) {
	file := documents(t, "compose/compose.yaml")[0]
	values := strings.NewReplacer("${TODO_HOST}", "todos.example.com", "${ID_HOST}", "id.example.com")
	content, err := os.ReadFile(filepath.Join(deployDir, "compose/todo-manager.yaml"))
	if err != nil || at(file, "configs") != nil || at(file, "services.todo-manager.volumes.0") != "./todo-manager.yaml:/etc/todo-manager/config.yaml:ro" {
		t.Errorf("the configuration is not mounted (%v); an inline one cannot be put into a read-only root", err)
	}
	environment := imageEnvironment(t)
	for name, value := range at(file, "services.todo-manager.environment").(map[string]any) {
		environment[name] = values.Replace(value.(string))
	}
	c := served(t, string(content), environment)
	if c.PublicURL != "https://todos.example.com" {
		t.Errorf("public URL %s", c.PublicURL)
	}
	proxy := at(file, "services.caddy.networks.inside.ipv4_address")
	if !c.BehindProxy || len(c.TrustedProxies) != 1 || c.TrustedProxies[0] != proxy {
		t.Errorf("trusted are %v, Caddy is at %v", c.TrustedProxies, proxy)
	}
	if len(c.Issuer) != 1 || c.Issuer[0].URL != "https://id.example.com/realms/todos" || c.Issuer[0].Profile != "keycloak" {
		t.Errorf("issuers %v", c.Issuer)
	}
	caddyfile, err := os.ReadFile(filepath.Join(deployDir, "compose/Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(c.Listen, ":")
	if upstream := "{$TODO_UPSTREAM:todo-manager:" + port + "}"; !strings.Contains(string(caddyfile), upstream) {
		t.Errorf("Caddy does not pass to %s", upstream)
	}
	for name, service := range at(file, "services").(map[string]any) {
		inherited := reflect.DeepEqual(at(service, "cap_drop"), []any{"ALL"}) && reflect.DeepEqual(at(service, "security_opt"), []any{"no-new-privileges:true"})
		if !inherited || at(service, "healthcheck") == nil || at(service, "mem_limit") == nil || at(service, "restart") == nil {
			t.Errorf("%s is not contained as the others are", name)
		}
		if at(service, "read_only") != true && name != "keycloak" {
			t.Errorf("%s can write to its root", name)
		}
		if image := at(service, "image").(string); !regexp.MustCompile(`:[0-9][0-9a-z.-]*$`).MatchString(image) {
			t.Errorf("%s: the version of %s is not pinned", name, image)
		}
		if (at(service, "ports") != nil) != (name == "caddy") {
			t.Errorf("%s: only Caddy is published", name)
		}
		settings, _ := at(service, "environment").(map[string]any)
		for variable, value := range settings {
			if secret := strings.Contains(variable, "PASSWORD"); secret && !strings.HasPrefix(value.(string), "${") {
				t.Errorf("%s: a secret in the file: %s", name, variable)
			}
		}
	}
}

// TestImageContext: the image is built from all that git keeps, and from nothing that it
// ignores. Otherwise its version would say that something was changed.
func TestImageContext(t *testing.T) {
	lines := func(file string) []string {
		text, err := os.ReadFile(filepath.Join(deployDir, "..", file))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`(?m)^[^#\n].*$`).FindAllString(string(text), -1)
	}
	var want []string
	var ignores []string
	for _, below := range []string{"", "*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(deployDir, "..", below, ".gitignore")) // fails for a bad pattern only
		ignores = append(ignores, found...)
	}
	if len(ignores) < 4 {
		t.Fatal(ignores)
	}
	for _, file := range ignores {
		folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file))+"/", "../../")
		for _, line := range lines(folder + ".gitignore") {
			name, atTop := strings.CutPrefix(strings.TrimSuffix(line, "/"), "/")
			if !atTop {
				name = "**/" + name
			}
			want = append(want, folder+name)
		}
	}
	got := lines("deploy/docker/Dockerfile.dockerignore")
	covered := func(name string) bool {
		return slices.ContainsFunc(got, func(line string) bool {
			folder, below, deep := strings.Cut(line, "**/")
			return name == line || deep && strings.HasPrefix(name, folder) && strings.HasSuffix(name, "**/"+below)
		})
	}
	for _, name := range want {
		if !covered(name) {
			t.Errorf("Dockerfile.dockerignore lacks %s", name)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("Dockerfile.dockerignore leaves out %s, which no .gitignore does", line)
		}
	}
}

// TestRealm: the realm has the scopes, gives tokens their subject and audience, and lets
// clients register for addresses that are expected.
func TestRealm(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deployDir, "compose/realm.json"))
	if err != nil {
		t.Fatal(err)
	}
	var realm struct {
		Realm                       string
		DefaultDefaultClientScopes  []string
		DefaultOptionalClientScopes []string
		ScopeMappings               []struct{ ClientScope string }
		ClientScopes                []struct {
			Name            string
			Attributes      map[string]string
			ProtocolMappers []struct {
				ProtocolMapper string
				Config         map[string]string
			}
		}
		Users []any
	}
	if err := json.Unmarshal(text, &realm); err != nil {
		t.Fatal(err)
	}
	mappers := make(map[string]map[string]string)
	for _, scope := range realm.ClientScopes {
		listed := slices.Contains(realm.DefaultDefaultClientScopes, scope.Name)
		if !listed && !slices.Contains(realm.DefaultOptionalClientScopes, scope.Name) {
			t.Errorf("no client gets the scope %s", scope.Name)
		}
		for _, mapper := range scope.ProtocolMappers {
			if listed {
				mappers[mapper.ProtocolMapper] = mapper.Config
			}
		}
	}
	if realm.Realm != "todos" || mappers["oidc-sub-mapper"] == nil || mappers["oidc-audience-mapper"]["included.custom.audience"] != "https://${TODO_HOST}" {
		t.Errorf("realm %s, tokens' mappers %v", realm.Realm, mappers)
	}
	for _, scope := range []string{"create:todos", "read:todos", "delete:todos"} {
		if !slices.ContainsFunc(realm.ScopeMappings, func(m struct{ ClientScope string }) bool { return m.ClientScope == scope }) {
			t.Errorf("anybody gets %s", scope)
		}
	}
	if len(realm.Users) > 0 || regexp.MustCompile(`"(secret|credentials|privateKey)"`).Match(text) {
		t.Error("the realm has people or secrets")
	}
}

// TestKubernetes: the configuration is accepted and agrees with the other objects; there is
// one server and never two.
func TestKubernetes(t *testing.T) {
	objects := make(map[string]map[string]any)
	for _, object := range documents(t, "kubernetes/todo-manager.yaml") {
		objects[object["kind"].(string)+strings.TrimPrefix(at(object, "metadata.name").(string), "todo-manager")] = object
	}
	deployment := objects["Deployment"]
	if at(deployment, "spec.replicas") != 1 || at(deployment, "spec.strategy.type") != "Recreate" {
		t.Error("two servers at one database")
	}
	pod := at(deployment, "spec.template.spec")
	container := at(pod, "containers.0")
	environment := imageEnvironment(t)
	for _, variable := range at(container, "env").([]any) {
		environment[at(variable, "name").(string)] = at(variable, "value").(string)
	}
	c := served(t, at(objects["ConfigMap"], "data").(map[string]any)["config.yaml"].(string), environment)
	for _, listener := range []struct{ name, address string }{{"http", c.Listen}, {"ops", c.OpsListen}} {
		found := false
		for _, port := range at(container, "ports").([]any) {
			found = found || at(port, "name") == listener.name && listener.address == "0.0.0.0:"+jsonText(at(port, "containerPort"))
		}
		if !found {
			t.Errorf("no port %s is that of %s", listener.name, listener.address)
		}
	}
	allowed := jsonText(at(objects["NetworkPolicy"], "spec.ingress"))
	if !strings.Contains(allowed, `"port":3001`) || !strings.Contains(allowed, `"port":3003`) {
		t.Errorf("the policy lets in %s", allowed)
	}
	for path, want := range map[string]any{
		"securityContext.runAsNonRoot": true, "securityContext.runAsUser": 65532, "securityContext.seccompProfile.type": "RuntimeDefault",
		"containers.0.securityContext.readOnlyRootFilesystem": true, "containers.0.securityContext.allowPrivilegeEscalation": false,
		"containers.0.readinessProbe.httpGet.path": "/readyz", "containers.0.livenessProbe.httpGet.path": "/livez",
		"containers.0.readinessProbe.httpGet.port": "ops", "containers.0.livenessProbe.httpGet.port": "ops",
		"containers.0.volumeMounts.0.mountPath": "/data", "automountServiceAccountToken": false,
	} {
		if got := at(pod, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if grace, _ := at(pod, "terminationGracePeriodSeconds").(int); grace < 30 {
		t.Errorf("killed after %d seconds, before it has finished", grace)
	}
	if at(objects["Service"], "spec.ports.0.targetPort") != "http" || at(objects["PersistentVolumeClaim"], "spec.accessModes.0") != "ReadWriteOncePod" {
		t.Error("the service or the volume is another's")
	}
	if objects["PersistentVolumeClaim-backup"] == nil {
		t.Error("there is no place for backups")
	}
	once := documents(t, "kubernetes/once.yaml")[0]
	for _, path := range []string{"securityContext", "volumes", "containers.0.image", "containers.0.env", "containers.0.securityContext", "containers.0.volumeMounts"} {
		if got, want := at(at(once, "spec"), path), at(pod, path); !reflect.DeepEqual(got, want) {
			t.Errorf("the pod for one command has %s %v, the server %v", path, got, want)
		}
	}
	if at(once, "metadata.labels") != nil {
		t.Error("the Service or the Deployment takes the pod for one command for the server")
	}
	if files := documents(t, "kubernetes/files.yaml")[0]; !reflect.DeepEqual(at(files, "spec.securityContext"), at(pod, "securityContext")) || at(files, "spec.volumes.0.persistentVolumeClaim.claimName") != "todo-manager-backup" {
		t.Error("the shell is another user's, or at another volume")
	}
}

func jsonText(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
