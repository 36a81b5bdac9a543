declare module '*.graphql' {
  const documentId: string;
  export default documentId;
}
