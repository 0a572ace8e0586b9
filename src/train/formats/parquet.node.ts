/** Parquet files as tables: only the columns that are asked for are read, one row group at a time. */
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { dataInvalid, flatten, type Table } from './table.ts'

/** Throws `data_invalid` when it is not a Parquet file. */
export async function openParquet(path: string): Promise<Table> {
  const file = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw dataInvalid(path, 'the file cannot be read.', cause)
  })
  const damaged = (cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw dataInvalid(path, `this is not a whole Parquet file (${why}).`, cause)
  }
  const metadata = await parquetMetadataAsync(file).catch(damaged)
  const root = parquetSchema(metadata)
  const nodes = root.children.flatMap(columnsOf)
  return {
    path,
    columns: nodes.map(nameOf),
    async *rows(columns) {
      const wanted = new Set(nodes.filter((node) => columns.includes(nameOf(node))))
      const schema = project(root, wanted)
      const paths = new Set([...wanted].flatMap(leavesOf).map(nameOf))
      let before = 0
      for (const group of metadata.row_groups) {
        const chunks = group.columns.filter(({ meta_data }) => paths.has(meta_data?.path_in_schema.join('.') ?? ''))
        const part = { ...metadata, schema, row_groups: [{ ...group, columns: chunks }] }
        const rows = await parquetReadObjects({ file, metadata: part, compressors }).catch(damaged)
        for (const row of rows) yield { where: `${path}, row ${++before}`, values: flatten(row) }
      }
    },
  }
}

/** A record is its fields; a list, or whatever else repeats, is one column. */
function columnsOf(node: SchemaTree): SchemaTree[] {
  const { converted_type, logical_type, repetition_type } = node.element
  const repeats =
    converted_type === 'LIST' ||
    converted_type === 'MAP' ||
    logical_type?.type === 'LIST' ||
    logical_type?.type === 'MAP' ||
    repetition_type === 'REPEATED'
  return repeats || node.children.length === 0 ? [node] : node.children.flatMap(columnsOf)
}

function leavesOf(node: SchemaTree): SchemaTree[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf)
}

/** The schema, which is a list in depth-first order, with nothing but some of its nodes. */
function project(node: SchemaTree, wanted: ReadonlySet<SchemaTree>): SchemaElement[] {
  if (wanted.has(node)) return elementsOf(node)
  const children = node.children.map((child) => project(child, wanted)).filter((part) => part.length > 0)
  return children.length === 0 ? [] : [{ ...node.element, num_children: children.length }, ...children.flat()]
}

function elementsOf(node: SchemaTree): SchemaElement[] {
  return [node.element, ...node.children.flatMap(elementsOf)]
}

function nameOf({ path }: SchemaTree): string {
  return path.join('.')
}
