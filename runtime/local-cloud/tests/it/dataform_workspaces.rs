//! Dataform's workspaces: their files, their branches, and what passes between these and the repository.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Local, Reply};

const ALL: &str = "/v1/projects/p/locations/l/repositories";
const ONE: &str = "/v1/projects/p/locations/l/repositories/sales";

/// A workspace as a test handles it.
struct Workspace<'a> {
    local: &'a Local,
    path: String,
}

impl<'a> Workspace<'a> {
    /// A new one in the repository.
    async fn new(local: &'a Local, id: &str) -> Workspace<'a> {
        let path = format!("{ONE}/workspaces?workspaceId={id}");
        local.json("POST", &path, json!({})).await.expect(200);
        Workspace {
            local,
            path: format!("{ONE}/workspaces/{id}"),
        }
    }

    async fn post(&self, verb: &str, body: Value) -> Reply {
        self.local.json("POST", &format!("{}:{verb}", self.path), body).await
    }

    async fn ask(&self, verb: &str, query: &str) -> Reply {
        self.local.get(&format!("{}:{verb}?{query}", self.path)).await
    }

    async fn write(&self, path: &str, text: &str) {
        let body = json!({"path": path, "contents": STANDARD.encode(text)});
        self.post("writeFile", body).await.expect(200);
    }

    async fn text(&self, path: &str) -> String {
        let read = self.ask("readFile", &format!("path={path}")).await.expect(200).json();
        String::from_utf8(STANDARD.decode(read["fileContents"].as_str().unwrap()).unwrap()).unwrap()
    }

    async fn commit(&self, message: &str) {
        let body = json!({"author": author(), "commitMessage": message});
        self.post("commit", body).await.expect(200);
    }

    /// Paths and states of what is not committed.
    async fn changes(&self) -> String {
        let statuses = self.ask("fetchFileGitStatuses", "").await.expect(200).json();
        let all = statuses["uncommittedFileChanges"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let all = all.iter().map(|change| {
            format!(
                "{} {}",
                change["state"].as_str().unwrap(),
                change["path"].as_str().unwrap()
            )
        });
        all.collect::<Vec<_>>().join(", ")
    }

    /// Commits that only the repository and only the workspace has.
    async fn distance(&self) -> (u64, u64) {
        let distance = self.ask("fetchGitAheadBehind", "").await.expect(200).json();
        let number = |name: &str| distance[name].as_u64().unwrap_or(0);
        (number("commitsAhead"), number("commitsBehind"))
    }

    async fn refused(&self, verb: &str, body: Value, status: u16, says: &str) {
        let reply = self.post(verb, body.clone()).await.expect(status);
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(says), "{verb} {body}: {message}");
    }
}

fn author() -> Value {
    json!({"name": "A", "emailAddress": "a@b.c"})
}

/// A repository with a commit of these files.
async fn repository(local: &Local, files: &[(&str, &str)]) {
    local
        .json("POST", &format!("{ALL}?repositoryId=sales"), json!({}))
        .await
        .expect(200);
    if !files.is_empty() {
        commit(local, files).await;
    }
}

async fn commit(local: &Local, files: &[(&str, &str)]) {
    let operations: serde_json::Map<String, Value> = files
        .iter()
        .map(|(path, text)| {
            let write = json!({"writeFile": {"contents": STANDARD.encode(text)}});
            ((*path).to_owned(), write)
        })
        .collect();
    let body = json!({"commitMetadata": {"author": author()}, "fileOperations": operations});
    local.json("POST", &format!("{ONE}:commit"), body).await.expect(200);
}

#[tokio::test]
async fn workspaces_are_resources() {
    let local = Local::start().await;
    let all = format!("{ONE}/workspaces");
    local
        .json("POST", &format!("{all}?workspaceId=dev"), json!({}))
        .await
        .expect(404);
    repository(&local, &[("a.js", "1\n")]).await;
    let made = local
        .json(
            "POST",
            &format!("{all}?workspaceId=dev"),
            json!({"disable_moves": true, "name": "ignored"}),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(made["name"], "projects/p/locations/l/repositories/sales/workspaces/dev");
    assert_eq!(made["disableMoves"], true);
    for (query, body, status) in [
        ("workspaceId=dev", json!({}), 409),
        ("workspaceId=a%20b", json!({}), 400),
        ("", json!({}), 400),
        ("workspaceId=x", json!({"colour": 1}), 400),
    ] {
        local.json("POST", &format!("{all}?{query}"), body).await.expect(status);
    }
    Workspace::new(&local, "alice").await;
    let names = |reply: Reply| {
        let listed = reply.expect(200).json();
        let listed = listed["workspaces"].as_array().cloned().unwrap_or_default();
        let last = |one: &Value| one["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        listed.iter().map(last).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(local.get(&all).await), "alice dev");
    assert_eq!(
        names(local.get(&format!("{all}?orderBy=name%20desc")).await),
        "dev alice"
    );
    assert_eq!(names(local.get(&format!("{all}?filter=name:ali")).await), "alice");
    assert_eq!(names(local.get(&format!("{all}?pageSize=1&pageToken=1")).await), "dev");
    local.get(&format!("{all}?orderBy=create_time")).await.expect(400);
    local.get(&format!("{all}?filter=colour=1")).await.expect(400);

    let dev = format!("{all}/dev");
    let policy = json!({"policy": {"bindings": [{"role": "roles/dataform.editor", "members": ["user:a@b.c"]}]}});
    local
        .json("POST", &format!("{dev}:setIamPolicy"), policy)
        .await
        .expect(200);
    let read = local.get(&format!("{dev}:getIamPolicy")).await.expect(200).json();
    assert_eq!(read["bindings"][0]["role"], "roles/dataform.editor");
    local.get(&format!("{all}/none:getIamPolicy")).await.expect(404);
    let asked = json!({"permissions": ["dataform.workspaces.get"]});
    local
        .json("POST", &format!("{dev}:testIamPermissions"), asked)
        .await
        .expect(200);

    let local = local.restart().await;
    assert_eq!(local.get(&dev).await.expect(200).json(), made);
    local.delete(ONE).await.expect(400);
    local.delete(&dev).await.expect(200);
    local.delete(&dev).await.expect(404);
    local.get(&format!("{dev}:readFile?path=a.js")).await.expect(404);
}

#[tokio::test]
async fn files_and_directories_are_as_on_a_disk() {
    let local = Local::start().await;
    repository(&local, &[("definitions/a.sqlx", "SELECT 1\n"), ("package.json", "{}")]).await;
    let dev = Workspace::new(&local, "dev").await;
    assert_eq!(dev.text("definitions/a.sqlx").await, "SELECT 1\n");
    dev.write("includes/deep/x.js", "ü").await;
    dev.post("makeDirectory", json!({"path": "empty/below"}))
        .await
        .expect(200);
    dev.post(
        "moveFile",
        json!({"path": "package.json", "newPath": "old/package.json"}),
    )
    .await
    .expect(200);
    dev.post("moveDirectory", json!({"path": "includes", "new_path": "lib/js"}))
        .await
        .expect(200);
    assert_eq!(dev.text("lib/js/deep/x.js").await, "ü");
    dev.post("removeFile", json!({"path": "old/package.json"}))
        .await
        .expect(200);

    let entries = |reply: Reply| {
        let listed = reply.expect(200).json();
        let all = listed["directoryEntries"].as_array().cloned().unwrap_or_default();
        let name = |one: &Value| {
            let directory = one["directory"].as_str().map(|path| format!("{path}/"));
            directory.unwrap_or_else(|| one["file"].as_str().unwrap().to_owned())
        };
        all.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let root = dev.ask("queryDirectoryContents", "").await;
    assert_eq!(entries(root), "definitions/ empty/ lib/ old/");
    assert_eq!(
        entries(dev.ask("queryDirectoryContents", "path=empty/").await),
        "empty/below/"
    );
    assert_eq!(
        entries(dev.ask("queryDirectoryContents", "pageSize=2&pageToken=1").await),
        "empty/ lib/"
    );
    let below = "path=lib/js/deep&view=DIRECTORY_CONTENTS_VIEW_METADATA";
    let detailed = dev.ask("queryDirectoryContents", below).await.expect(200).json();
    assert_eq!(detailed["directoryEntries"][0]["metadata"]["sizeBytes"], "2");
    assert!(detailed["directoryEntries"][0]["metadata"]["updateTime"].is_string());
    dev.ask("queryDirectoryContents", "view=2").await.expect(200);
    dev.ask("queryDirectoryContents", "view=ALL").await.expect(400);
    dev.ask("queryDirectoryContents", "path=none").await.expect(404);
    let found = dev
        .ask("searchFiles", "filter=path%3D%22lib/*%22")
        .await
        .expect(200)
        .json();
    assert_eq!(
        found["searchResults"],
        json!([{"directory": {"path": "lib/js"}}, {"directory": {"path": "lib/js/deep"}},
            {"file": {"path": "lib/js/deep/x.js"}}])
    );
    dev.ask("searchFiles", "filter=size%3E1").await.expect(400);

    for (verb, body, status, says) in [
        ("writeFile", json!({"path": "../x"}), 400, "'../x'"),
        (
            "writeFile",
            json!({"path": "x", "contents": "?"}),
            400,
            "write_file_request.contents",
        ),
        (
            "writeFile",
            json!({"contents": ""}),
            400,
            "write_file_request.path is required",
        ),
        ("writeFile", json!({"path": "empty"}), 400, "'empty' is a directory"),
        (
            "writeFile",
            json!({"path": "definitions/a.sqlx/b"}),
            400,
            "both a file and a directory",
        ),
        (
            "writeFile",
            json!({"path": "x", "colour": 1}),
            400,
            "Unknown name \"colour\"",
        ),
        ("removeFile", json!({"path": "gone"}), 404, "'gone'"),
        ("removeFile", json!({"path": "empty"}), 404, "'empty'"),
        (
            "moveFile",
            json!({"path": "definitions/a.sqlx"}),
            400,
            "new_path is required",
        ),
        ("moveFile", json!({"path": "gone", "newPath": "x"}), 404, "'gone'"),
        (
            "moveFile",
            json!({"path": "definitions/a.sqlx", "newPath": "lib/js/deep/x.js"}),
            409,
            "already exists",
        ),
        ("makeDirectory", json!({"path": "lib"}), 409, "already exists"),
        (
            "makeDirectory",
            json!({"path": "definitions/a.sqlx/x"}),
            400,
            "both a file and a directory",
        ),
        (
            "moveDirectory",
            json!({"path": "lib", "newPath": "lib/js/x"}),
            400,
            "must not lie in",
        ),
        ("moveDirectory", json!({"path": "none", "newPath": "x"}), 404, "'none'"),
        (
            "removeDirectory",
            json!({"path": "definitions/a.sqlx"}),
            404,
            "definitions/a.sqlx",
        ),
    ] {
        dev.refused(verb, body, status, says).await;
    }
    dev.post("removeDirectory", json!({"path": "lib"})).await.expect(200);
    dev.ask("readFile", "path=lib/js/deep/x.js").await.expect(404);
    dev.ask("queryDirectoryContents", "path=lib/js").await.expect(404);
}

#[tokio::test]
async fn what_is_not_committed_is_told_shown_and_undone() {
    let local = Local::start().await;
    repository(&local, &[("a.sql", "1\n2\n3\n"), ("b.sql", "b\n"), ("c/d.sql", "d\n")]).await;
    let dev = Workspace::new(&local, "dev").await;
    assert_eq!(dev.changes().await, "");
    dev.write("a.sql", "1\ntwo\n3\n").await;
    dev.write("new.sql", "new\n").await;
    dev.post("removeDirectory", json!({"path": "c"})).await.expect(200);
    assert_eq!(dev.changes().await, "MODIFIED a.sql, DELETED c/d.sql, ADDED new.sql");
    let diff = dev.ask("fetchFileDiff", "path=a.sql").await.expect(200).json();
    let expected = "diff --git a/a.sql b/a.sql\n--- a/a.sql\n+++ b/a.sql\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n";
    assert_eq!(diff["formattedDiff"], expected);
    assert_eq!(
        dev.ask("fetchFileDiff", "path=b.sql").await.expect(200).json(),
        json!({})
    );
    dev.ask("fetchFileDiff", "path=none").await.expect(404);

    dev.post("reset", json!({"paths": ["a.sql", "new.sql"]}))
        .await
        .expect(200);
    assert_eq!(
        dev.changes().await,
        "DELETED c/d.sql, ADDED new.sql",
        "what is new stays"
    );
    dev.refused("reset", json!({"paths": ["none"]}), 404, "'none'").await;
    dev.refused(
        "commit",
        json!({"author": {"name": "A"}}),
        400,
        "author.email_address is required",
    )
    .await;
    let some = |paths: Value| json!({"author": author(), "paths": paths});
    dev.refused("commit", some(json!(["a.sql"])), 400, "no uncommitted changes")
        .await;
    dev.post("commit", some(json!(["new.sql"]))).await.expect(200);
    assert_eq!(dev.changes().await, "DELETED c/d.sql");
    dev.write("other.sql", "o\n").await;
    dev.post("reset", json!({"clean": true})).await.expect(200);
    assert_eq!(dev.changes().await, "");
    assert_eq!(dev.text("c/d.sql").await, "d\n");
    dev.refused("commit", some(json!([])), 400, "no uncommitted changes")
        .await;
    assert_eq!(dev.distance().await, (0, 1));

    dev.write("new.sql", "newer\n").await;
    let head = dev
        .ask("readFile", "path=new.sql&revision=HEAD")
        .await
        .expect(200)
        .json();
    assert_eq!(head["fileContents"], STANDARD.encode("new\n"));
    dev.ask("readFile", "path=new.sql&revision=main").await.expect(404);
    dev.ask("readFile", "path=new.sql&revision=0123456789")
        .await
        .expect(404);
}

#[tokio::test]
async fn branches_meet_in_the_repository() {
    let local = Local::start().await;
    repository(&local, &[("a.sql", "1\n2\n3\n4\n5\n"), ("b.sql", "b\n")]).await;
    {
        let (ann, bob) = (Workspace::new(&local, "ann").await, Workspace::new(&local, "bob").await);
        ann.write("a.sql", "one\n2\n3\n4\n5\n").await;
        ann.commit("from ann").await;
        ann.post("push", json!({})).await.expect(200);
        assert_eq!((ann.distance().await, bob.distance().await), ((0, 0), (1, 0)));
        ann.post("push", json!({"remoteBranch": "main"})).await.expect(200);
        ann.refused("push", json!({"remoteBranch": "trunk"}), 400, "'trunk' does not exist")
            .await;

        // Fast forward, which does not overwrite what is not committed.
        bob.write("a.sql", "mine\n").await;
        bob.refused(
            "pull",
            json!({"author": author()}),
            400,
            "overwrite uncommitted changes",
        )
        .await;
        bob.post("reset", json!({})).await.expect(200);
        bob.write("draft.sql", "draft\n").await;
        bob.post("pull", json!({"author": author()})).await.expect(200);
        assert_eq!(
            (bob.text("a.sql").await, bob.distance().await),
            ("one\n2\n3\n4\n5\n".into(), (0, 0))
        );
        assert_eq!(bob.changes().await, "ADDED draft.sql");

        // Both change other lines of one file: merged. Ann also moves a file.
        ann.write("a.sql", "one\n2\n3\n4\nfive\n").await;
        ann.post("moveFile", json!({"path": "b.sql", "newPath": "below/b.sql"}))
            .await
            .expect(200);
        ann.commit("second of ann").await;
        ann.post("push", json!({})).await.expect(200);
        bob.write("a.sql", "1\n2\n3\n4\n5\n").await;
        let only = json!({"author": author(), "commitMessage": "from bob", "paths": ["a.sql"]});
        bob.post("commit", only).await.expect(200);
        assert_eq!(bob.distance().await, (1, 1));
        bob.refused("push", json!({}), 400, "pull first").await;
        bob.refused("pull", json!({}), 400, "author.name is required").await;
        bob.post("pull", json!({"author": author()})).await.expect(200);
        assert_eq!(bob.text("a.sql").await, "1\n2\n3\n4\nfive\n");
        assert_eq!(bob.text("below/b.sql").await, "b\n");
        assert_eq!(bob.changes().await, "ADDED draft.sql");
        assert_eq!(bob.distance().await, (0, 2), "its commit and the merge");
    }
    let local = local.restart().await;
    let (ann, bob) = (
        Workspace {
            local: &local,
            path: format!("{ONE}/workspaces/ann"),
        },
        Workspace {
            local: &local,
            path: format!("{ONE}/workspaces/bob"),
        },
    );
    bob.post("push", json!({})).await.expect(200);
    let history = local.get(&format!("{ONE}:fetchHistory")).await.expect(200).json();
    let messages: Vec<&str> = history["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| commit["commitMessage"].as_str().unwrap_or("first"))
        .collect();
    assert_eq!(
        messages,
        [
            "Merge branch 'main' into bob",
            "from bob",
            "second of ann",
            "from ann",
            "first"
        ]
    );
    let main = local
        .get(&format!("{ONE}:readFile?path=a.sql"))
        .await
        .expect(200)
        .json();
    assert_eq!(main["contents"], STANDARD.encode("1\n2\n3\n4\nfive\n"));

    // Both change the same line: nothing happens, and the error says where.
    ann.write("a.sql", "ann\n").await;
    ann.commit("conflict").await;
    ann.refused("pull", json!({"author": author()}), 400, "conflict in: a.sql")
        .await;
    assert_eq!(
        (ann.text("a.sql").await, ann.distance().await),
        ("ann\n".into(), (2, 1))
    );
}

#[tokio::test]
async fn workspaces_need_the_files_to_be_here() {
    let local = Local::start().await;
    let remote = json!({"gitRemoteSettings": {"url": "https://git.example.com/x.git"}});
    local
        .json("POST", &format!("{ALL}?repositoryId=sales"), remote)
        .await
        .expect(200);
    let create = format!("{ONE}/workspaces?workspaceId=dev");
    local.json("POST", &create, json!({})).await.expect(501);
    let masked = format!("{ONE}?updateMask=gitRemoteSettings");
    local.json("PATCH", &masked, json!({})).await.expect(200);
    let dev = Workspace::new(&local, "dev").await;
    dev.write("a.sql", "1\n").await;
    dev.commit("one").await;
    let remote = json!({"gitRemoteSettings": {"url": "https://git.example.com/x.git"}});
    local.json("PATCH", &masked, remote).await.expect(200);
    dev.refused("push", json!({}), 501, "push of the repository").await;
    dev.refused("pull", json!({"author": author()}), 501, "pull of the repository")
        .await;
    dev.ask("fetchGitAheadBehind", "").await.expect(501);
}
