import { describeWith } from '../support/describe-with.ts';
import { mariadb, postgres } from './campaign/backends.ts';
import { promise } from './campaign/promise.ts';

describeWith('postgres', 'locks in PostgreSQL', () => promise(postgres));
describeWith('mariadbd', 'locks in MariaDB', () => promise(mariadb));
