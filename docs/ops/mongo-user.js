// The user that puppet comes as: it may read and write its own database, and make indexes there, and nothing else.
db.getSiblingDB("puppet").createUser({
    user: "puppet",
    pwd: process.env.PUPPET_DB_PASSWORD,
    roles: [{ role: "readWrite", db: "puppet" }],
});
