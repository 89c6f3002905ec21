"""A MongoDB to test against where there is none: mockupdb reads and writes the wire, mongomock gives the answers.

It is no MongoDB: nothing is durable, there are no sessions, no transactions, no text search, no plans of queries, and one
command runs at a time. What passes here has not run on a real server.

Prints one line, `port N`, on loopback; ends when its standard input does. `configureFailPoint` is understood as far as
`failCommand` goes, with `after: true` for a fault that comes when the command was carried out, and `since` for faults that
wait for a command of that name.

With `--vector-search` it also has vector search indexes and the stage `$vectorSearch`, as far as MongoDB's manual says what
they take, with exact cosines instead of an index that is built in the background. Without, it refuses both, as a server does
that has no search.
"""

import math
import sys

import bson
import mockupdb
import mongomock
from pymongo import errors

# A repr of every request would be made for a log that nobody reads.
mockupdb.OpMsg.__repr__ = lambda _: "OpMsg"

WIRE_VERSION = 21
DUPLICATE_KEY = 11000
PLAIN = {"maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000}
BAD_VALUE, NO_SUCH_COMMAND, INDEX_EXISTS, NO_SUCH_STAGE = 2, 59, 68, 40324
SEARCHES = "--vector-search" in sys.argv
VECTOR_SUBTYPE = 9

client = mongomock.MongoClient()
failures = []
# Fields of vector search indexes, by database, collection and name.
search_indexes = {}
counted = {"query": 0, "insert": 0, "update": 0, "delete": 0, "command": 0}


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def hello(_db, _command):
    answer = {"helloOk": True, "isWritablePrimary": True, "ismaster": True, "readOnly": False}
    return {**answer, "minWireVersion": 0, "maxWireVersion": WIRE_VERSION, **PLAIN}


def cursor(db, command, documents):
    name = command.get("find") or command.get("aggregate")
    return {"cursor": {"id": bson.Int64(0), "ns": f"{db.name}.{name}", "firstBatch": documents}}


def find(db, command):
    found = db[command["find"]].find(command.get("filter", {}), command.get("projection"))
    if command.get("sort"):
        found = found.sort(list(command["sort"].items()))
    found = found.skip(command.get("skip", 0)).limit(abs(command.get("limit", 0)))
    return cursor(db, command, list(found))


def create_search_indexes(db, command):
    collection = command["createSearchIndexes"]
    if collection not in db.list_collection_names():
        raise Refused(26, f"Collection '{db.name}.{collection}' does not exist.")
    for index in command["indexes"]:
        check(set(index) == {"name", "type", "definition"} and index["type"] == "vectorSearch", "an index of vectors")
        vectors = [field for field in index["definition"]["fields"] if field["type"] == "vector"]
        filters = [field for field in index["definition"]["fields"] if field["type"] == "filter"]
        check(len(vectors) + len(filters) == len(index["definition"]["fields"]), "fields are vector or filter")
        check(len(vectors) == 1 and set(vectors[0]) == {"type", "path", "numDimensions", "similarity"}, "one vector")
        check(isinstance(vectors[0]["numDimensions"], int) and 1 <= vectors[0]["numDimensions"] <= 8192, "numDimensions")
        check(vectors[0]["similarity"] in ("cosine", "euclidean", "dotProduct"), "similarity")
        check(all(set(field) == {"type", "path"} for field in filters), "a filter has a path")
        made = (vectors[0], {field["path"] for field in filters})
        # The same again is no error.
        if search_indexes.setdefault((db.name, collection, index["name"]), made) != made:
            raise Refused(INDEX_EXISTS, f"Index {index['name']} already exists with a different definition.")
    return {"indexesCreated": [{"id": "1", "name": index["name"]} for index in command["indexes"]]}


def check(holds, what):
    if not holds:
        raise Refused(8, f"wrong shape: {what}")


def check_filter(condition, paths):
    for name, value in condition.items():
        if name in ("$and", "$or"):
            for branch in value:
                check_filter(branch, paths)
            continue
        check(name in paths, f"{name} is no filter field of the index")
        operators = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"}
        check(not isinstance(value, dict) or set(value) <= operators, f"operators of {name}")


def floats(value):
    """Of a BSON vector of 32-bit floats; none of anything else."""
    if not isinstance(value, bson.binary.Binary) or value.subtype != VECTOR_SUBTYPE:
        return None
    vector = value.as_vector()
    return vector.data if vector.dtype == bson.binary.BinaryVectorDtype.FLOAT32 else None


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b) or math.inf)


def vector_search(db, collection, stage):
    needed = {"index", "path", "queryVector", "numCandidates", "limit"}
    check(needed <= set(stage) <= needed | {"filter"}, f"fields {sorted(stage)}")
    check(all(isinstance(stage[field], int) for field in ("numCandidates", "limit")), "integers")
    check(1 <= stage["limit"] <= stage["numCandidates"] <= 10000, "limit and numCandidates")
    index = search_indexes.get((db.name, collection, stage["index"]))
    if index is None:
        return []
    vector, paths = index
    asked = floats(stage["queryVector"])
    check(vector["path"] == stage["path"], "the path is that of the index")
    check(asked is not None and len(asked) == vector["numDimensions"] and any(asked), "queryVector")
    check_filter(stage.get("filter", {}), paths)
    scored = []
    for document in db[collection].find(stage.get("filter", {})):
        numbers = floats(document.get(stage["path"]))
        if numbers is not None and len(numbers) == len(asked):
            scored.append((cosine(asked, numbers), document))
    scored.sort(key=lambda pair: -pair[0])
    return [document for _, document in scored[: stage["limit"]]]


def aggregate(db, command):
    first = command["pipeline"][0] if command["pipeline"] else {}
    if SEARCHES and "$vectorSearch" in first:
        check(len(command["pipeline"]) == 1, "a fake that knows no stage after it")
        return cursor(db, command, vector_search(db, command["aggregate"], first["$vectorSearch"]))
    try:
        return cursor(db, command, list(db[command["aggregate"]].aggregate(command["pipeline"])))
    except (NotImplementedError, errors.OperationFailure) as error:
        raise Refused(NO_SUCH_STAGE, f"Unrecognized pipeline stage: {error}") from error


def distinct(db, command):
    return {"values": db[command["distinct"]].find(command.get("query", {})).distinct(command["key"])}


def each(items, ordered, run):
    """Runs writes one by one; what `run` answers is counted."""
    count, refused = 0, []
    for index, item in enumerate(items):
        try:
            count += run(index, item)
        except errors.DuplicateKeyError as error:
            refused.append({"index": index, "code": DUPLICATE_KEY, "errmsg": str(error)})
        except errors.WriteError as error:
            refused.append({"index": index, "code": error.code or BAD_VALUE, "errmsg": str(error)})
        if refused and ordered:
            break
    return {"n": count, **({"writeErrors": refused} if refused else {})}


def insert(db, command):
    def run(_index, document):
        db[command["insert"]].insert_one(document)
        return 1

    return each(command["documents"], command.get("ordered", True), run)


def update(db, command):
    collection, upserted, modified = db[command["update"]], [], [0]

    def run(index, item):
        change, upsert = item["u"], item.get("upsert", False)
        operators = any(key.startswith("$") for key in change)
        if not operators:
            done = collection.replace_one(item["q"], change, upsert)
        elif item.get("multi"):
            done = collection.update_many(item["q"], change, upsert)
        else:
            done = collection.update_one(item["q"], change, upsert)
        if done.upserted_id is not None:
            upserted.append({"index": index, "_id": done.upserted_id})
            return 1
        modified[0] += done.modified_count
        return done.matched_count

    answer = each(command["updates"], command.get("ordered", True), run)
    return {**answer, "nModified": modified[0], **({"upserted": upserted} if upserted else {})}


def delete(db, command):
    def run(_index, item):
        collection = db[command["delete"]]
        gone = collection.delete_one(item["q"]) if item["limit"] == 1 else collection.delete_many(item["q"])
        return gone.deleted_count

    return each(command["deletes"], command.get("ordered", True), run)


def create_indexes(db, command):
    collection = db[command["createIndexes"]]
    for index in command["indexes"]:
        collection.create_index(list(index["key"].items()), unique=index.get("unique", False), name=index["name"])
    return {}


def list_indexes(db, command):
    information = db[command["listIndexes"]].index_information()
    batch = [{"v": 2, "name": name, "key": dict(found["key"])} for name, found in information.items()]
    return {"cursor": {"id": bson.Int64(0), "ns": f"{db.name}.{command['listIndexes']}", "firstBatch": batch}}


def drop_database(db, _command):
    client.drop_database(db.name)
    return {}


def fail_point(_db, command):
    if command["mode"] != "off":
        failures.append({**command["data"], "times": command["mode"].get("times", 1)})
    else:
        failures.clear()
    return {}


def server_status(_db, _command):
    return {"opcounters": dict(counted)}


def nothing(_db, _command):
    return {}


COMMANDS = {
    "hello": hello,
    "isMaster": hello,
    "ismaster": hello,
    "ping": nothing,
    "endSessions": nothing,
    "find": find,
    "aggregate": aggregate,
    "distinct": distinct,
    "insert": insert,
    "update": update,
    "delete": delete,
    "createIndexes": create_indexes,
    **({"createSearchIndexes": create_search_indexes} if SEARCHES else {}),
    "listIndexes": list_indexes,
    "dropDatabase": drop_database,
    "configureFailPoint": fail_point,
    "serverStatus": server_status,
}


def failing(name):
    """The next fault that is meant for a command."""
    for failure in failures:
        if failure.get("since") == name:
            del failure["since"]
        if name in failure["failCommands"] and "since" not in failure:
            failure["times"] -= 1
            if failure["times"] == 0:
                failures.remove(failure)
            return failure
    return None


def answer(command):
    name = next(iter(command))
    run = COMMANDS.get(name)
    if run is None:
        return {"ok": 0, "code": NO_SUCH_COMMAND, "codeName": "CommandNotFound", "errmsg": f"no such command: '{name}'"}
    try:
        return {**run(client[command["$db"]], command), "ok": 1}
    except Refused as error:
        return {"ok": 0, "code": error.code, "errmsg": str(error)}
    except Exception as error:  # pylint: disable=broad-except
        return {"ok": 0, "code": BAD_VALUE, "errmsg": f"{type(error).__name__}: {error}"}


def handle(request):
    command = request.doc
    name = next(iter(command))
    kind = "query" if name == "find" else name
    counted[kind if kind in counted else "command"] += 1
    failure = failing(name)
    if failure is None or failure.get("after"):
        reply = answer(command)
    if failure is not None:
        if failure.get("closeConnection"):
            request.hangup()
            return True
        reply = {"ok": 0, "code": failure["errorCode"], "errmsg": "a fault that a test asked for"}
    request.replies(reply)
    return True


def main():
    server = mockupdb.MockupDB(port=0)
    server._address = ("127.0.0.1", 0)  # pylint: disable=protected-access
    server.autoresponds(handle)
    print(f"port {server.run()}", flush=True)
    sys.stdin.read()
    # Not `stop`, which waits for threads that wait for clients.
    sys.stdout.flush()


if __name__ == "__main__":
    main()
